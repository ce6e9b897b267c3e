//! The password file, `~/.pgpass`.
//!
//! See [The Password File](https://www.postgresql.org/docs/current/libpq-pgpass.html).

use std::fs;
use std::path::Path;

/// What a password is for.
pub(crate) struct Login<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

/// The text of the file, or a warning why it is passed over. One that is not there is passed over without a word.
pub(crate) fn read(path: &Path) -> Result<Option<String>, String> {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() {
        return Err(format!("password file {shown} is not used: it is not a file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "password file {shown} is not used: others than its owner can read it; run chmod 600 {shown}"
            ));
        }
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => Err(format!("password file {shown} is not used: {error}")),
    }
}

/// The password of the first line that fits.
pub(crate) fn find(text: &str, login: &Login<'_>) -> Option<String> {
    let port = login.port.to_string();
    let wanted = [login.host, &port, login.database, login.user];
    let fits = |line: &str| {
        let (fields, password) = fields(line)?;
        let fits = |(field, wanted): (&Field, &&str)| field.any || field.text == **wanted;
        fields.iter().zip(&wanted).all(fits).then_some(password)
    };
    text.lines().filter(|line| !line.starts_with('#')).find_map(fits)
}

struct Field {
    text: String,
    /// Whether it is a bare `*`.
    any: bool,
}

/// The four fields that a line is for, and the password.
fn fields(line: &str) -> Option<([Field; 4], String)> {
    let mut chars = line.chars();
    let mut field = || {
        let (mut text, mut escaped) = (String::new(), false);
        loop {
            match chars.next() {
                Some('\\') => {
                    escaped = true;
                    text.extend(chars.next());
                }
                None => return (Field { any: false, text }, false),
                Some(':') => return (Field { any: text == "*" && !escaped, text }, true),
                Some(c) => text.push(c),
            }
        }
    };
    let mut next = || {
        let (field, ended) = field();
        ended.then_some(field)
    };
    let four = [next()?, next()?, next()?, next()?];
    // A colon that is not escaped ends the password too.
    Some((four, field().0.text))
}

#[cfg(test)]
mod tests {
    use super::{Login, find, read};

    const LOGIN: Login<'_> = Login { host: "db", port: 5432, database: "erp", user: "me" };

    #[test]
    fn the_first_line_that_fits_counts() {
        for (text, password) in [
            ("db:5432:erp:me:one\n*:*:*:*:two", Some("one")),
            ("*:*:*:*:two\ndb:5432:erp:me:one", Some("two")),
            ("db:5433:erp:me:one", None),
            ("# db:5432:erp:me:one\n\nother:*:*:*:x\ndb:*:erp:*:three\r\n", Some("three")),
            (r"db:5432:erp:me:a\:b\\c:rest", Some(r"a:b\c")),
            (r"\*:5432:erp:me:x", None),
            ("d*:5432:erp:me:x", None),
            ("db:5432:erp:me", None),
            ("db:5432:erp:me:", Some("")),
        ] {
            assert_eq!(find(text, &LOGIN).as_deref(), password, "{text}");
        }
    }

    #[test]
    fn a_name_with_a_colon_is_escaped() {
        let login = Login { host: "::1", user: r"o\:d", ..LOGIN };
        assert_eq!(find(r"\:\:1:5432:erp:o\\\:d:x", &login).as_deref(), Some("x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_passed_over_with_a_warning() {
        use std::os::unix::fs::PermissionsExt;

        let path = std::env::temp_dir().join(format!("tenantry-passfile-{}", std::process::id()));
        assert_eq!(read(&path), Ok(None));
        std::fs::write(&path, "*:*:*:*:x").unwrap();
        let mut seen = Vec::new();
        for mode in [0o600, 0o640, 0o604] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            seen.push(read(&path).map_err(|warning| warning.contains("chmod 600")));
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(seen, [Ok(Some("*:*:*:*:x".to_owned())), Err(true), Err(true)]);
        assert!(read(&std::env::temp_dir()).is_err());
    }
}
