//! The service file, in which a name stands for the parameters of a connection.
//!
//! See [The Connection Service File](https://www.postgresql.org/docs/current/libpq-pgservice.html).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Environment, Pair, Unfit};

/// What a service says, from the file that is named, or else the user's own, or else the machine's.
pub(super) fn read(name: &str, file: Option<&str>, environment: &Environment) -> Result<Vec<Pair>, Unfit> {
    let own = file.map(PathBuf::from).or_else(|| environment.in_home(".pg_service.conf"));
    let machine = environment.get("PGSYSCONFDIR").map(|folder| Path::new(folder).join("pg_service.conf"));
    for path in [own, machine].into_iter().flatten() {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && file.is_none() => continue,
            Err(error) => {
                return Err(Unfit::new(format!("the service file {} cannot be read", path.display()))
                    .cause(error.to_string()));
            }
        };
        let found = find(&text, name).map_err(|line| {
            Unfit::new(format!("line {line} of the service file {} does not read", path.display()))
                .help("expected [name], key=value or # and a comment")
        })?;
        if let Some(pairs) = found {
            return Ok(pairs);
        }
    }
    Err(Unfit::new(format!("service {name:?} is in no service file")).help(
        "describe it in ~/.pg_service.conf or in the file that PGSERVICEFILE names, or unset PGSERVICE",
    ))
}

/// The parameters of a service, or the line of the file that does not read.
fn find(text: &str, name: &str) -> Result<Option<Vec<Pair>>, usize> {
    let mut found: Option<Vec<Pair>> = None;
    let mut inside = false;
    for (line, number) in text.lines().map(str::trim).zip(1_usize..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            // The first section of that name is the service.
            inside = found.is_none() && section.strip_suffix(']').ok_or(number)? == name;
            if inside {
                found = Some(Vec::new());
            }
        } else if inside && let Some(pairs) = &mut found {
            let (key, value) = line.split_once('=').ok_or(number)?;
            // The first value counts here, the last one in a connection string.
            if !pairs.iter().any(|(name, _)| name == key) {
                pairs.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_service_is_found_by_its_name() {
        let text = "# mine\n[test]\nhost=a\n\n[erp]\nhost=b\nport=5433\nhost=c\n[erp]\nuser=late\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(find(text, "erp"), Ok(Some(vec![pair("host", "b"), pair("port", "5433")])));
        assert_eq!(find(text, "other"), Ok(None));
        assert_eq!(find("[erp]\nhost\n", "erp"), Err(2));
        assert_eq!(find("[erp\n", "erp"), Err(1));
    }
}
