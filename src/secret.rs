//! Files that hold one secret and nothing else, as they are mounted into containers.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// More is no password, and no URL.
const LONGEST: u64 = 64 * 1024;

/// Why a file gives no secret. It names the file and never quotes it.
#[derive(Debug, thiserror::Error)]
#[error("{file} {why}")]
pub(crate) struct Unread {
    file: String,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("cannot be read, {0}; check its path and its permissions")]
    Io(io::ErrorKind),
    #[error("is a directory; name the file in it")]
    Directory,
    #[error("is not a regular file")]
    NotAFile,
    #[error("is too long; write the secret into it and nothing else")]
    Long,
    #[error("is not UTF-8; write it anew as plain text")]
    NotUtf8,
    #[error("is empty; write the secret into it")]
    Empty,
    #[error("has more than one line; write the secret into it and nothing else")]
    Lines,
}

/// The one line of a file, called so in an error unless a variable names it.
pub(crate) fn read(path: &Path, called: &str, variable: Option<&str>) -> Result<String, Unread> {
    let shown = path.display();
    let file = || match variable {
        Some(variable) => format!("{variable} names {shown}, which"),
        None => format!("{called} {shown}"),
    };
    contents(path).map_err(|why| Unread { file: file(), why })
}

/// The one line that a stream gives.
#[cfg(feature = "cli")]
pub(crate) fn read_from(stream: impl Read, called: &str) -> Result<String, Unread> {
    of(stream).map_err(|why| Unread { file: called.to_owned(), why })
}

fn failed(error: &io::Error) -> Why {
    Why::Io(error.kind())
}

fn contents(path: &Path) -> Result<String, Why> {
    // To open a pipe would wait for somebody who writes into it.
    let metadata = fs::metadata(path).map_err(|error| failed(&error))?;
    if metadata.is_dir() {
        return Err(Why::Directory);
    }
    if !metadata.is_file() {
        return Err(Why::NotAFile);
    }
    of(File::open(path).map_err(|error| failed(&error))?)
}

fn of(stream: impl Read) -> Result<String, Why> {
    let mut bytes = Vec::new();
    stream.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Why::Long);
    }
    let mut text = String::from_utf8(bytes).map_err(|_| Why::NotUtf8)?;
    text.truncate(line(&text).len());
    if text.is_empty() {
        return Err(Why::Empty);
    }
    if text.contains(['\n', '\0']) {
        return Err(Why::Lines);
    }
    Ok(text)
}

/// A text without the line break at its end.
pub(crate) fn line(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::read;

    #[test]
    fn a_file_holds_a_secret_or_an_error_says_why_it_does_not() {
        let path = std::env::temp_dir().join(format!("tenantry-secret-{}", std::process::id()));
        for (bytes, expected) in [
            ("hush".as_bytes(), Ok("hush")),
            (b"hush\n", Ok("hush")),
            (b"hush\r\n", Ok("hush")),
            (b" hush ", Ok(" hush ")),
            (b"", Err("is empty; write the secret into it")),
            (b"\n", Err("is empty; write the secret into it")),
            (b"hush\nhush\n", Err("has more than one line; write the secret into it and nothing else")),
            (b"hush\0", Err("has more than one line; write the secret into it and nothing else")),
            (b"hush\xff", Err("is not UTF-8; write it anew as plain text")),
            (&vec![b'h'; 70_000], Err("is too long; write the secret into it and nothing else")),
        ] {
            fs::write(&path, bytes).unwrap();
            let found = read(&path, "the file", Some("A_FILE"));
            assert!(!format!("{found:?}").contains("hush") || found.is_ok());
            let expected = expected
                .map(str::to_owned)
                .map_err(|why| format!("A_FILE names {}, which {why}", path.display()));
            assert_eq!(found.map_err(|why| why.to_string()), expected);
        }
        fs::remove_file(&path).unwrap();
        let gone = read(&path, "the file", Some("A_FILE")).unwrap_err().to_string();
        assert!(
            gone.ends_with("cannot be read, entity not found; check its path and its permissions"),
            "{gone}"
        );
        let folder = read(&std::env::temp_dir(), "the file", None).unwrap_err().to_string();
        assert!(folder.ends_with("is a directory; name the file in it"), "{folder}");
        #[cfg(unix)]
        assert!(
            read("/dev/null".as_ref(), "the file", None)
                .unwrap_err()
                .to_string()
                .ends_with("not a regular file")
        );
    }
}
