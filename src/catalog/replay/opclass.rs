//! The server's own operator classes.

use std::sync::LazyLock;

/// An operator class of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opclass {
    pub(super) name: &'static str,
    pub(super) default: bool,
    pub(super) leakproof: bool,
}

/// What kind of type it is, of those that share an operator class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeKind {
    Enum,
    Composite,
    Range,
    Multirange,
    Other,
}

/// One in each line: access method, name, whether it is the default of its type, whether its operators are leakproof, type.
static ALL: LazyLock<Vec<(&str, Opclass, &str)>> =
    LazyLock::new(|| include_str!("opclass.txt").lines().filter_map(line).collect());

/// The operator class of a name, or the default one of a type.
pub(super) fn find(
    method: &str,
    name: Option<&str>,
    data_type: Option<&str>,
    kind: impl Fn(&str) -> TypeKind,
) -> Option<Opclass> {
    let lines = ALL.iter().filter(|(of, ..)| *of == method);
    if let Some(name) = name {
        let mut named = lines.filter(|(_, opclass, _)| opclass.name == name);
        return named.next().map(|(_, opclass, _)| *opclass);
    }
    let data_type = data_type?;
    // The types whose operator class serves those that are the same in memory.
    let stands_for = match data_type {
        "character varying" => "text",
        "bpchar" => "character",
        "cidr" => "inet",
        "regclass" | "regproc" | "regtype" | "regrole" | "regnamespace" | "regconfig" => "oid",
        array if array.ends_with("[]") => "anyarray",
        range if range.ends_with("multirange") => "anymultirange",
        range if range.ends_with("range") => "anyrange",
        other => match kind(other) {
            TypeKind::Enum => "anyenum",
            TypeKind::Composite => "record",
            TypeKind::Range => "anyrange",
            TypeKind::Multirange => "anymultirange",
            TypeKind::Other => other,
        },
    };
    let mut found = lines.filter(|(_, opclass, of)| opclass.default && *of == stands_for);
    found.next().map(|(_, opclass, _)| *opclass)
}

fn line(line: &'static str) -> Option<(&'static str, Opclass, &'static str)> {
    let mut words = line.splitn(5, ' ');
    let (method, name) = (words.next()?, words.next()?);
    let (default, leakproof) = (words.next()? == "default", words.next()? == "leakproof");
    Some((method, Opclass { name, default, leakproof }, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::{TypeKind, find};

    #[test]
    fn types_find_what_the_server_would_take() {
        let leakproof = |method, name, data_type| {
            find(method, name, Some(data_type), |name| match name {
                "erp.status" => TypeKind::Enum,
                _ => TypeKind::Other,
            })
            .map(|opclass| opclass.leakproof)
        };
        assert_eq!(leakproof("btree", None, "character varying"), Some(true));
        assert_eq!(leakproof("btree", None, "numeric"), Some(false));
        assert_eq!(leakproof("btree", None, "erp.status"), Some(false));
        assert_eq!(leakproof("btree", None, "integer[]"), Some(false));
        assert_eq!(leakproof("gist", None, "tstzrange"), leakproof("gist", Some("range_ops"), "tstzrange"));
        assert_eq!(leakproof("btree", Some("text_pattern_ops"), "text"), Some(true));
        assert_eq!(leakproof("btree", None, "erp.address"), None);
        assert_eq!(leakproof("gin", Some("gin_trgm_ops"), "text"), None);
    }
}
