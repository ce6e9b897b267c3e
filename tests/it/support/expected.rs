//! Files of what is expected, for people to read.

use std::path::Path;

/// Compares a text with a file under `tests/it`. `UPDATE_EXPECTED=1 cargo test` writes the files anew.
pub fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {name}", line + 1);
    }
    assert_eq!(found, expected, "{name}");
}
