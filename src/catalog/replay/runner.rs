//! What a migration's name and comments tell of how its runner runs it.

use crate::lex::{self, Kind};

/// Whether the runner that names its files like this runs each as one transaction, unless the file says that it does not.
///
/// | files | runner |
/// |---|---|
/// | `V1__name.sql`, `U1__name.sql`, `R__name.sql`, `B1__name.sql` | refinery, Flyway |
/// | `1_name.sql`, `20240101000000_name.up.sql` | sqlx, dbmate, goose, golang-migrate, Supabase, tern |
/// | `up.sql`, `migration.sql` in a folder that begins with a number | diesel, Prisma |
///
/// A file of several parts, such as Liquibase's changesets, says for each of them whether it is one transaction.
///
/// Files of other names are run as psql runs them: each statement by itself, unless the file says BEGIN.
#[must_use]
pub fn runs_in_one_transaction(name: &str, text: &str) -> bool {
    let mut parts = name.rsplit(['/', '\\']);
    let base = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let versioned = |letters: &[char]| {
        base.strip_prefix(letters)
            .and_then(|rest| rest.split_once("__"))
            .is_some_and(|(version, _)| version.is_empty() || begins_with_digit(version))
    };
    let numbered = begins_with_digit(base)
        && base.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['_', '-', '.']);
    let in_folder = begins_with_digit(folder) && matches!(base, "up.sql" | "migration.sql");
    (versioned(&['V', 'U', 'R', 'B']) || numbered || in_folder) && !refuses(text)
}

/// What runners take for a wish to run without a transaction, in comments, in lower case.
const REFUSALS: [&str; 11] = [
    "no-transaction",
    "tenantry: no-transaction",
    "+goose no transaction",
    "+migrate up notransaction",
    "migrate:up transaction:false",
    "atlas:txmode none",
    "-- tern: disable-tx ----",
    "! no-transaction",
    "postgres-migrations disable-transaction",
    "flyway:executeintransaction=false",
    "flyway: executeintransaction=false",
];

fn refuses(text: &str) -> bool {
    // Most files say nothing of the kind, and need not be cut into tokens once more.
    let may_refuse = |(at, _): (usize, &str)| {
        let line = text.get(at..).and_then(|rest| rest.lines().next());
        line.and_then(|line| line.strip_prefix("--")).is_some_and(is_refusal)
    };
    if !text.match_indices("--").any(may_refuse) {
        return false;
    }
    let mut at = 0;
    while let Some(token) = lex::token(text, at) {
        at = token.end;
        if token.kind != Kind::Comment {
            continue;
        }
        if token.of(text).strip_prefix("--").is_some_and(is_refusal) {
            return true;
        }
    }
    false
}

fn is_refusal(comment: &str) -> bool {
    let words: Vec<&str> = comment.split_whitespace().collect();
    REFUSALS.contains(&words.join(" ").to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::runs_in_one_transaction;

    #[test]
    fn a_name_tells_the_runner() {
        for (name, one) in [
            ("migrations/V1__init.sql", true),
            ("V1.2__init.sql", true),
            ("R__views.sql", true),
            ("0001_init.sql", true),
            ("a/20240101000000_init.up.sql", true),
            ("supabase/migrations/20240101000000_init.sql", true),
            ("2024-01-01-000000_init/up.sql", true),
            ("prisma/migrations/20240101000000_init/migration.sql", true),
            ("schema.sql", false),
            ("Views__all.sql", false),
            ("up.sql", false),
            ("dump/up.sql", false),
            ("1", false),
        ] {
            assert_eq!(runs_in_one_transaction(name, "select 1;"), one, "{name}");
        }
    }

    #[test]
    fn a_file_can_say_that_it_is_not_run_in_a_transaction() {
        for text in [
            "-- no-transaction\nselect 1;",
            "--  +goose NO TRANSACTION",
            "-- +goose Up\n-- +goose NO TRANSACTION",
            "-- migrate:up transaction:false\nselect 1;",
            "-- tenantry: no-transaction",
            "-- atlas:txmode none",
            "---- tern: disable-tx ----",
            "--! no-transaction",
            "-- postgres-migrations disable-transaction",
            "-- flyway:executeInTransaction=false",
        ] {
            assert!(!runs_in_one_transaction("1_a.sql", text), "{text}");
        }
        for text in ["select '-- no-transaction';", "-- no-transaction here", "-- migrate:up"] {
            assert!(runs_in_one_transaction("1_a.sql", text), "{text}");
        }
    }
}
