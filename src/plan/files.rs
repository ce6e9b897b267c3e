//! A plan as files for the runner of migrations that a team has.

use std::fmt::Write as _;

use super::step::Plan;
use crate::catalog::replay::tokens;
use crate::error::{Error, Result};

/// How a runner names its files and tells up from down. All of them run a file as one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `V7__name.sql`, and `V7__name.down.sql` beside it, which `tenantry migrate --down` runs. Refinery knows no way down, and
    /// leaves it alone.
    Refinery,
    /// `20260131120000_name.up.sql` and `….down.sql`.
    Sqlx,
    /// `V7__name.sql` and `U7__name.sql`, which takes a Flyway that can undo.
    Flyway,
    /// `20260131120000_name.sql`, with both in it.
    Dbmate,
    /// `20260131120000_name.sql`, with both in it, or `00007_name.sql` where a team counts.
    Goose,
    /// `20260131120000_name.up.sql` and `….down.sql`, or `000007_name.up.sql` where a team counts. It sends a file as one query, which
    /// is one transaction.
    GolangMigrate,
    /// `name.up.sql` and `name.down.sql`, each with its own `BEGIN` and `COMMIT`, for psql.
    Plain,
}

/// What goes before a name so that files are run in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// A number, one more than the highest so far.
    Sequence,
    /// The time, `YYYYMMDDhhmmss`.
    Timestamp,
    /// Nothing.
    None,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Style {
    /// How the runner orders its files.
    #[must_use]
    pub fn numbering(self) -> Numbering {
        match self {
            Self::Refinery | Self::Flyway => Numbering::Sequence,
            Self::Sqlx | Self::Dbmate | Self::Goose | Self::GolangMigrate => Numbering::Timestamp,
            Self::Plain => Numbering::None,
        }
    }

    /// The version of a file's name, if the file is one of this runner's and its version is a number.
    #[must_use]
    pub fn version(self, file: &str) -> Option<u64> {
        let digits = match self {
            Self::Refinery | Self::Flyway => file.strip_prefix('V')?.split("__").next()?,
            Self::Sqlx | Self::Dbmate | Self::Goose | Self::GolangMigrate => file.split('_').next()?,
            Self::Plain => return None,
        };
        // Of a version such as 7.2 the first part orders it well enough.
        digits.split(['.', '_']).next()?.parse().ok()
    }

    /// How many digits a version has at least, where a team counts.
    fn digits(self) -> usize {
        match self {
            Self::Goose => 5,
            Self::GolangMigrate => 6,
            Self::Refinery | Self::Sqlx | Self::Flyway | Self::Dbmate | Self::Plain => 0,
        }
    }

    /// The files of a plan. `version` goes before the name, where the runner has versions.
    ///
    /// # Errors
    ///
    /// The name is not made of letters, digits and `_`.
    pub fn files(self, plan: &Plan, version: u64, name: &str) -> Result<Vec<File>> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Error::config(format!(
                "{name:?} is not a name for a migration; expected letters, digits and _"
            )));
        }
        let (up, down) = (plan.up()?.body(), plan.down()?.body());
        let file = |name: String, text: String| File { name, text };
        let version = format!("{version:0width$}", width = self.digits());
        Ok(match self {
            Self::Refinery => vec![
                file(format!("V{version}__{name}.sql"), up),
                file(format!("V{version}__{name}.down.sql"), down),
            ],
            Self::Sqlx | Self::GolangMigrate => vec![
                file(format!("{version}_{name}.up.sql"), up),
                file(format!("{version}_{name}.down.sql"), down),
            ],
            Self::Flyway => {
                vec![
                    file(format!("V{version}__{name}.sql"), up),
                    file(format!("U{version}__{name}.sql"), down),
                ]
            }
            Self::Dbmate => {
                let text = format!("-- migrate:up\n{up}\n-- migrate:down\n{down}");
                vec![file(format!("{version}_{name}.sql"), text)]
            }
            Self::Goose => {
                let text = format!("-- +goose Up\n{}\n-- +goose Down\n{}", whole(&up), whole(&down));
                vec![file(format!("{version}_{name}.sql"), text)]
            }
            Self::Plain => {
                let transaction = |sql: &str| format!("BEGIN;\n\n{sql}\nCOMMIT;\n");
                vec![
                    file(format!("{name}.up.sql"), transaction(&up)),
                    file(format!("{name}.down.sql"), transaction(&down)),
                ]
            }
        })
    }
}

/// SQL as goose reads it, which takes each end of a line that is a semicolon for the end of a statement: those that hold such a line
/// are marked as a whole.
fn whole(sql: &str) -> String {
    let mut text = String::new();
    let mut from = 0;
    let ends = tokens(sql).into_iter().filter(|token| token.is_symbol(sql, ";")).map(|token| token.end);
    for end in ends.chain([sql.len()]) {
        let Some(statement) = sql.get(from..end) else { continue };
        from = end;
        let body = statement.trim_start_matches('\n');
        let within = body.strip_suffix(';').unwrap_or(body);
        if within.lines().any(|line| line.trim_end().ends_with(';')) {
            // What stands before it is no part of it.
            let blank = &statement[..statement.len() - body.len()];
            let _ = write!(text, "{blank}-- +goose StatementBegin\n{body}\n-- +goose StatementEnd");
        } else {
            text.push_str(statement);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Style;
    use crate::plan::{Lock, Plan, Step, Work};

    fn plan() -> Plan {
        let step = |n: u8| Step {
            object: "public.invoice".to_owned(),
            what: format!("step\n{n}"),
            up: format!("SELECT {n};"),
            down: format!("SELECT -{n};"),
            lock: Lock::None,
            work: Work::None,
            closes: "nothing",
            in_the_way: None,
        };
        Plan { steps: vec![step(1), step(2)], ..Plan::default() }
    }

    #[test]
    fn each_runner_gets_the_names_that_it_looks_for() {
        for (style, names) in [
            (Style::Refinery, &["V7__tenancy.sql", "V7__tenancy.down.sql"][..]),
            (Style::Sqlx, &["7_tenancy.up.sql", "7_tenancy.down.sql"]),
            (Style::Flyway, &["V7__tenancy.sql", "U7__tenancy.sql"]),
            (Style::Dbmate, &["7_tenancy.sql"]),
            (Style::Goose, &["00007_tenancy.sql"]),
            (Style::GolangMigrate, &["000007_tenancy.up.sql", "000007_tenancy.down.sql"]),
            (Style::Plain, &["tenancy.up.sql", "tenancy.down.sql"]),
        ] {
            let files = style.files(&plan(), 7, "tenancy").unwrap();
            assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), names);
            if style != Style::Plain {
                assert_eq!(style.version(names[0]), Some(7));
            }
            assert_eq!(files[0].text.contains("BEGIN;"), style == Style::Plain);
        }
    }

    #[test]
    fn down_goes_backwards_and_a_title_stays_in_its_line() {
        let files = Style::Plain.files(&plan(), 0, "x").unwrap();
        let (up, down) = (&files[0].text, &files[1].text);
        assert!(up.find("SELECT 1;").unwrap() < up.find("SELECT 2;").unwrap());
        assert!(down.find("SELECT -2;").unwrap() < down.find("SELECT -1;").unwrap());
        assert!(up.contains("-- public.invoice: step 1\nSELECT 1;"), "{up}");
    }

    #[test]
    fn goose_is_told_where_a_statement_ends_that_holds_semicolons() {
        let sql =
            "-- a;\nSELECT 1;\n\n-- f\nCREATE FUNCTION f() AS $$\nBEGIN\n    a;\nEND\n$$;\n\nSELECT ';';\n";
        let expected = "-- +goose StatementBegin\n-- a;\nSELECT 1;\n-- +goose StatementEnd\n\n-- +goose StatementBegin\n-- f\n\
                        CREATE FUNCTION f() AS $$\nBEGIN\n    a;\nEND\n$$;\n-- +goose StatementEnd\n\nSELECT ';';\n";
        assert_eq!(super::whole(sql), expected);
        let files = Style::Goose.files(&plan(), 20_260_131_120_000, "x").unwrap();
        let (up, down) = files[0].text.split_once("-- +goose Down\n").unwrap();
        assert!(up.starts_with("-- +goose Up\n") && up.contains("SELECT 2;") && down.contains("SELECT -1;"));
        assert_eq!(files[0].name, "20260131120000_x.sql");
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for wrong in ["", "../x", "a b", "a-b", "a.b", "ü"] {
            assert!(Style::Plain.files(&plan(), 1, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn versions_of_other_files_are_none() {
        assert_eq!(Style::Flyway.version("R__views.sql"), None);
        assert_eq!(Style::Flyway.version("V1_2__x.sql"), Some(1));
        assert_eq!(Style::Sqlx.version("readme.md"), None);
    }
}
