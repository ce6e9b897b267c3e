//! Fixtures for the version of the server that the tests run on.

use tokio_postgres::Client;

/// Before it a view reads with its owner's rights, ON DELETE SET NULL takes no columns, and more that fixtures use is not there.
pub const FIFTEEN: u32 = 150_000;

/// The server's version, as `server_version_num` says it.
pub async fn of(client: &Client) -> u32 {
    let row = client.query_one("SHOW server_version_num", &[]).await.unwrap();
    row.get::<_, &str>(0).parse().unwrap()
}

/// A fixture for a server of this version. A line that ends with the comment `from PostgreSQL 15` is for that version and later
/// ones, one that ends with `before PostgreSQL 15` for earlier ones; elsewhere such a line is empty. The others are for all.
pub fn fit(text: &str, version: u32) -> String {
    let number = |text: &str| text.parse::<u32>().unwrap_or_else(|error| panic!("{text}: {error}")) * 10_000;
    let fits = |line: &str| {
        let comment = ["-- ", "# "].iter().find_map(|begin| Some(line.rsplit_once(begin)?.1));
        let said = |when: &str| comment.and_then(|comment| comment.strip_prefix(when)).map(number);
        said("from PostgreSQL ").is_none_or(|first| version >= first)
            && said("before PostgreSQL ").is_none_or(|first| version < first)
    };
    text.lines().flat_map(|line| [if fits(line) { line } else { "" }, "\n"]).collect()
}

#[test]
fn a_fixture_has_the_lines_of_its_version() {
    let text =
        "a -- from PostgreSQL 15\nb -- before PostgreSQL 15\nc # from PostgreSQL 18\nd -- of PostgreSQL 15\n";
    for (version, fitted) in [
        (140_023, "\nb -- before PostgreSQL 15\n\nd -- of PostgreSQL 15\n"),
        (150_000, "a -- from PostgreSQL 15\n\n\nd -- of PostgreSQL 15\n"),
        (180_006, "a -- from PostgreSQL 15\n\nc # from PostgreSQL 18\nd -- of PostgreSQL 15\n"),
    ] {
        assert_eq!(fit(text, version), fitted);
    }
}
