//! The names of the server's own functions, which change no schema, role, grant or session.

use std::sync::LazyLock;

/// The functions in `pg_catalog` of PostgreSQL 14 to 18 whose names do not begin with `pg_`, without `set_config` and those
/// that only the server calls; besides them the names that the grammar gives to what looks like a function.
static NAMES: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("server_functions.txt").split_ascii_whitespace().collect());

/// Whether a function that no file makes is one of the server's.
pub(super) fn is_of_server(name: &str) -> bool {
    name.starts_with("pg_") || NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{NAMES, is_of_server};

    #[test]
    fn the_names_are_in_order() {
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn what_sets_a_setting_is_none_of_them() {
        assert!(is_of_server("array_upper") && is_of_server("pg_notify"));
        assert!(!is_of_server("set_config") && !is_of_server("secure"));
    }
}
