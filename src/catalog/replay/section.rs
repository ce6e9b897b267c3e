//! What runners of migrations read in comments: which part of a file goes forward, how it is run, and where its statements end.

/// What a comment says of what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A part begins.
    Part(Part),
    /// The next lines are not run, so many of them.
    SkipLines(usize),
    /// What follows is not run, or is run again.
    Skip(bool),
}

/// A part of a file that is run as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Whether it is not run forward, here: it takes the other part back, or is for another server.
    pub(super) is_left_out: bool,
    /// Whether it is one transaction, where it says so itself.
    pub(super) one_transaction: Option<bool>,
    /// What ends its statements as well as a semicolon does.
    pub(super) delimiter: Option<Delimiter>,
}

/// What ends a statement, beside a semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delimiter {
    text: String,
    /// Whether it has a line to itself.
    alone: bool,
}

impl Part {
    fn forward(one_transaction: Option<bool>) -> Said {
        Said::Part(Self { one_transaction, ..Self::default() })
    }

    fn back() -> Said {
        Said::Part(Self { is_left_out: true, ..Self::default() })
    }
}

/// What is known of the file so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Format {
    /// It is one of Liquibase's, in which each changeset is a part.
    liquibase: bool,
    /// It has a comment that is just `-- Up`.
    up: bool,
}

impl Format {
    /// Heeds a comment.
    pub(super) fn heed(&mut self, comment: &str) -> Option<Said> {
        let comment = comment.strip_prefix("--")?.trim();
        if comment.len() > LONGEST {
            return None;
        }
        let lower = comment.to_ascii_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        if words == ["liquibase", "formatted", "sql"] {
            self.liquibase = true;
            return None;
        }
        if self.liquibase {
            return liquibase(comment, &words);
        }
        Some(match words[..] {
            ["migrate:up", ref options @ ..] => Part::forward(Some(!options.contains(&"transaction:false"))),
            ["+migrate", "up", ref options @ ..] => Part::forward(Some(!options.contains(&"notransaction"))),
            ["+goose" | "+micrate" | "rambler", "up", ..]
            | ["up", "migration"]
            | ["-", "!ups"]
            | ["!ups"]
            | ["====", "up", "===="] => Part::forward(None),
            ["migrate:down", ..]
            | ["+goose" | "+migrate" | "+micrate" | "rambler", "down", ..]
            | ["down", "migration"]
            | ["-", "!downs"]
            | ["====", "down", "===="]
            | ["!downs" | "//@undo"]
            | ["//", "@undo"]
            | ["--", "create", "above", "/", "drop", "below", "----"] => Part::back(),
            ["up"] => {
                self.up = true;
                return None;
            }
            ["down"] if self.up => Part::back(),
            _ => return None,
        })
    }
}

/// What is longer says nothing to a runner.
const LONGEST: usize = 4_000;

/// What Liquibase reads in a comment: `--changeset author:id runInTransaction:false endDelimiter:/ dbms:postgresql`.
fn liquibase(comment: &str, words: &[&str]) -> Option<Said> {
    let first = *words.first()?;
    if let Some(lines) = first.strip_prefix("ignorelines:") {
        return match lines {
            "start" => Some(Said::Skip(true)),
            "end" => Some(Said::Skip(false)),
            lines => lines.parse().ok().map(Said::SkipLines),
        };
    }
    if first != "changeset" {
        return None;
    }
    let value = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix(':'));
    let is = |name: &str, wanted: &str| value(name).is_some_and(|value| unquoted(value) == wanted);
    // What is sent as one text is one transaction, whatever is said of it.
    let one = !is("runintransaction", "false") || is("splitstatements", "false");
    let dbms = value("dbms").is_none_or(|value| is_for_postgres(unquoted(value)));
    // The letters of a delimiter are not changed.
    let delimiter = comment.split_whitespace().find_map(|word| {
        let (name, value) = word.split_once(':')?;
        name.eq_ignore_ascii_case("enddelimiter").then(|| Delimiter::new(unquoted(value)))?
    });
    Some(Said::Part(Part {
        is_left_out: !dbms || is("ignore", "true"),
        one_transaction: Some(one),
        delimiter,
    }))
}

fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

/// Whether a list of servers has PostgreSQL in it: `postgresql,h2`, or `!oracle`.
fn is_for_postgres(servers: &str) -> bool {
    let servers = || servers.split(',').map(str::trim);
    let ours = |name: &str| matches!(name, "postgresql" | "postgres" | "all");
    let refused = servers().any(|name| name == "none" || name.strip_prefix('!').is_some_and(ours));
    let mut named = servers().filter(|name| !name.starts_with('!')).peekable();
    !refused && (named.peek().is_none() || named.any(ours))
}

impl Delimiter {
    fn new(written: &str) -> Option<Self> {
        let text = written.replace("\\n", "").replace("\\r", "").replace("\\s", "");
        let text = text.trim_end_matches(['*', '$', '+']).trim();
        // A semicolon ends a statement anyway, and a quote would begin a literal.
        let is_known = !text.is_empty() && !text.starts_with([';', '\'', '"', '$']);
        let alone = written.starts_with("\\n") || text == "/" || text.chars().all(char::is_alphanumeric);
        is_known.then(|| Self { text: text.to_owned(), alone })
    }

    /// How long the delimiter is that stands at a place, if one does.
    pub(super) fn at(&self, text: &str, place: usize) -> Option<usize> {
        let (before, rest) = text.split_at_checked(place)?;
        let (found, after) = rest.split_at_checked(self.text.len())?;
        let begins_line = || before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
        let ends_line = || after.split('\n').next().is_none_or(|line| line.trim().is_empty());
        (found.eq_ignore_ascii_case(&self.text) && (!self.alone || (begins_line() && ends_line())))
            .then_some(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Part, Said};

    fn heed(comment: &str, liquibase: bool) -> Option<Said> {
        let mut format = Format::default();
        if liquibase {
            assert_eq!(format.heed("--liquibase formatted SQL"), None);
        }
        format.heed(comment)
    }

    #[test]
    fn each_runner_tells_up_from_down_in_its_own_words() {
        for (up, down) in [
            ("-- migrate:up", "-- migrate:down"),
            ("-- +goose Up", "-- +goose Down"),
            ("-- +migrate Up", "-- +migrate Down"),
            ("-- +micrate Up", "-- +micrate Down"),
            ("-- rambler up", "-- rambler down"),
            ("-- Up Migration", "-- Down Migration"),
            ("--- !Ups", "--- !Downs"),
            ("-- ==== UP ====", "-- ==== DOWN ===="),
            ("-- //", "-- //@UNDO"),
            ("--", "---- create above / drop below ----"),
        ] {
            let says = |comment| match heed(comment, false) {
                Some(Said::Part(part)) => Some(part.is_left_out),
                _ => None,
            };
            assert!(says(up) != Some(true), "{up}");
            assert_eq!(says(down), Some(true), "{down}");
        }
        for text in
            ["-- down migration of the last one", "-- up", "-- Down", "-- changeset a:1", "-- goose down"]
        {
            assert_eq!(heed(text, false), None, "{text}");
        }
        let mut format = Format::default();
        assert_eq!((format.heed("-- Up"), format.heed("-- Down")), (None, Some(Part::back())));
    }

    #[test]
    fn a_part_says_whether_it_is_one_transaction() {
        for (comment, one) in [
            ("-- migrate:up", Some(true)),
            ("-- migrate:up transaction:false", Some(false)),
            ("-- +migrate Up notransaction", Some(false)),
            ("-- +goose Up", None),
        ] {
            assert_eq!(heed(comment, false), Some(Part::forward(one)), "{comment}");
        }
        for (comment, one) in [
            ("--changeset bob:1", true),
            ("-- changeset bob:1 runInTransaction:false", false),
            ("--changeset \"b b\":\"1 2\" labels:x RUNINTRANSACTION:\"false\" dbms:postgresql", false),
            ("--changeset bob:1 runInTransaction:false splitStatements:false", true),
        ] {
            assert_eq!(heed(comment, true), Some(Part::forward(Some(one))), "{comment}");
        }
    }

    #[test]
    fn a_changeset_of_another_server_is_not_run() {
        for (dbms, runs) in [
            ("postgresql", true),
            ("h2,postgresql", true),
            ("!oracle", true),
            ("!postgresql", false),
            ("mysql", false),
            ("\"mysql,mariadb\"", false),
            ("none", false),
            ("all", true),
        ] {
            let Some(Said::Part(part)) = heed(&format!("--changeset a:1 dbms:{dbms}"), true) else {
                panic!("{dbms}")
            };
            assert_eq!(!part.is_left_out, runs, "{dbms}");
        }
        assert!(
            matches!(heed("--changeset a:1 ignore:true", true), Some(Said::Part(part)) if part.is_left_out)
        );
        assert_eq!(heed("--ignoreLines:start", true), Some(Said::Skip(true)));
        assert_eq!(heed("--ignoreLines:2", true), Some(Said::SkipLines(2)));
        assert_eq!(heed("--rollback drop table t;", true), None);
    }

    #[test]
    fn a_delimiter_stands_where_it_is_said_to() {
        for (said, text, length) in [
            ("/", "a\n/\nb", Some(1)),
            ("/", "a / b", None),
            ("\\nGO", "a\ngo\nb", Some(2)),
            ("GO", "a go b", None),
            ("@@", "a @@ b", Some(2)),
            ("//", "a//b", Some(2)),
            (";", "a;b", None),
        ] {
            let comment = format!("--changeset a:1 endDelimiter:{said}");
            let Some(Said::Part(part)) = heed(&comment, true) else { panic!("{said}") };
            let found = part.delimiter.and_then(|of| (0..text.len()).find_map(|at| of.at(text, at)));
            assert_eq!(found, length, "{said}: {text}");
        }
    }
}
