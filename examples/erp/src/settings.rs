//! What the environment says, and the files that hold its secrets.

use std::str::FromStr;

/// Looks a variable up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of the process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable; an empty one is one that is not set.
pub fn text(lookup: Lookup, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}

/// A number, or what there is where the variable is not set.
///
/// # Errors
///
/// The variable is no number of this kind. The error names it and quotes its text.
pub fn number<T: FromStr>(lookup: Lookup, name: &str, default: T) -> Result<T, String> {
    let Some(value) = text(lookup, name) else { return Ok(default) };
    value.parse().map_err(|_| format!("{name} is {value:?}; expected a whole number"))
}

/// A secret: a variable, or the text of the file that the variable with `_FILE` behind its name names.
///
/// # Errors
///
/// Both are set, or the file cannot be read or is empty. The error names the variable and the file, and quotes no secret.
pub fn secret(lookup: Lookup, name: &str) -> Result<Option<String>, String> {
    let by_file = format!("{name}_FILE");
    match (text(lookup, name), text(lookup, &by_file)) {
        (Some(_), Some(_)) => Err(format!("{name} and {by_file} are both set; set one of them")),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| format!("{by_file} names {file}, which cannot be read: {error}"))?;
            match text.trim_end_matches(['\r', '\n']) {
                "" => Err(format!("{by_file} names {file}, which is empty")),
                value => Ok(Some(value.to_owned())),
            }
        }
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, secret};

    #[test]
    fn a_number_is_one_or_the_variable_is_named() {
        let set = |value: &'static str| move |_: &str| Some(value.to_owned());
        assert_eq!(number(&|_| None, "ERP_POOL_SIZE", 16_usize), Ok(16));
        assert_eq!(number(&set("4"), "ERP_POOL_SIZE", 16_usize), Ok(4));
        for wrong in ["many", "-1", "1.5"] {
            let error = number(&set(wrong), "ERP_POOL_SIZE", 16_usize).unwrap_err();
            assert_eq!(error, format!("ERP_POOL_SIZE is {wrong:?}; expected a whole number"));
        }
    }

    #[test]
    fn a_secret_stands_in_a_variable_or_a_file_and_an_error_says_what_is_wrong() {
        let folder = std::env::temp_dir().join(format!("tenantry-erp-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let (full, empty, missing) = (folder.join("full"), folder.join("empty"), folder.join("missing"));
        std::fs::write(&full, "of a file\n").unwrap();
        std::fs::write(&empty, "\n").unwrap();
        let asked = |value: Option<&str>, file: Option<&std::path::Path>| {
            let file = file.map(|file| file.display().to_string());
            secret(
                &|name| match name {
                    "KEY" => value.map(ToOwned::to_owned),
                    "KEY_FILE" => file.clone(),
                    _ => None,
                },
                "KEY",
            )
        };
        assert_eq!(asked(Some("of a variable"), None), Ok(Some("of a variable".to_owned())));
        assert_eq!(asked(None, Some(&full)), Ok(Some("of a file".to_owned())));
        assert_eq!(asked(Some(""), None), Ok(None));
        for (value, file, reason) in [
            (Some("of a variable"), Some(&full), "KEY and KEY_FILE are both set; set one of them".to_owned()),
            (None, Some(&empty), format!("KEY_FILE names {}, which is empty", empty.display())),
            (None, Some(&missing), format!("KEY_FILE names {}, which cannot be read: ", missing.display())),
        ] {
            let error = asked(value, file.map(|file| &**file)).unwrap_err();
            assert!(error.starts_with(&reason) && !error.contains("of a"), "{error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
