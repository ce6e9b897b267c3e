//! Where in a file a finding stands.

use super::finding::Finding;
use crate::catalog::replay::{Located, Token, name_of, text_of, tokens};
use crate::catalog::{Object, Part};
use crate::ident::Ident;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What the file is called.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The character of the line, from 1 on.
    pub column: usize,
    /// How many characters of the line are meant.
    pub length: usize,
}

/// The place of a finding in its statement: the word that it names, or the name of the part that it is about, or the beginning.
pub(super) fn place(finding: &Finding, statement: &Located) -> Place {
    let text = statement.written();
    let named = || called(&finding.object).and_then(|name| find_name(text, name));
    let word = || find_word(text, finding.word.as_deref()?);
    // Most constraints have a name that nobody wrote.
    let found = match &finding.object {
        Object::Part(Part::ForeignKey | Part::Key | Part::Exclusion | Part::Check, ..) => {
            named().or_else(word)
        }
        _ => word().or_else(named),
    };
    let (start, end) = found.map_or_else(|| (0, first_line(text)), |token| (token.start, token.end));
    let before = text.get(..start).unwrap_or_default();
    let breaks = before.matches('\n').count();
    let column = match before.rfind('\n') {
        Some(at) => chars(before, at + 1),
        None => statement.column() - 1 + chars(before, 0),
    };
    Place {
        file: statement.file().to_owned(),
        line: statement.line() + breaks,
        column: column + 1,
        length: chars(text.get(start..end).unwrap_or_default(), 0).max(1),
    }
}

/// What an object is called in the statement that makes it.
fn called(object: &Object) -> Option<&Ident> {
    match object {
        Object::Part(_, _, name) | Object::Schema(name) | Object::Role(name) | Object::Publication(name) => {
            Some(name)
        }
        Object::Relation(name) | Object::RowSecurity(name) | Object::Grant(name, ..) | Object::Type(name) => {
            Some(name.name())
        }
        Object::Function(signature) => Some(signature.name.name()),
        Object::Membership(member, _) => Some(member),
        Object::Database | Object::Setting(..) | Object::DefaultPrivileges(_) => None,
    }
}

fn chars(text: &str, from: usize) -> usize {
    text.get(from..).map_or(0, |text| text.chars().count())
}

fn first_line(text: &str) -> usize {
    text.lines().next().map_or(0, |line| line.trim_end().len())
}

fn find(text: &str, is_it: impl Fn(Token) -> bool) -> Option<Token> {
    tokens(text).into_iter().find(|token| is_it(*token))
}

fn find_word(text: &str, word: &str) -> Option<Token> {
    find(text, |token| {
        token.of(text).eq_ignore_ascii_case(word)
            || name_of(token, text).is_some_and(|name| name.as_str() == word)
            || text_of(token, text).is_some_and(|literal| literal == word)
    })
}

fn find_name(text: &str, name: &Ident) -> Option<Token> {
    find(text, |token| name_of(token, text).is_some_and(|found| found == *name))
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::Source;
    use crate::rule::lint;
    use crate::rule::trial::manifest;

    /// The text that a finding of the rule is shown at.
    fn shown(code: &str, sql: &str) -> (usize, String) {
        let report = lint(&manifest(""), &[Source::new("a.sql", sql)]);
        let finding = report.findings.iter().find(|finding| finding.rule.code == code).unwrap();
        let place = finding.place.as_ref().unwrap();
        let line = sql.lines().nth(place.line - 1).unwrap();
        (place.line, line.chars().skip(place.column - 1).take(place.length).collect())
    }

    #[test]
    fn what_is_meant_is_shown_in_its_statement() {
        let table =
            "select 1; /* é */ create table \"Ä\" (\n  id uuid primary key,\n  tenant_id uuid not null";
        let key = ",\n  above uuid references \"Ä\"";
        let named = ",\n  above uuid constraint up references \"Ä\"";
        for (code, sql, place) in [
            ("rls-disabled", format!("{table});"), (1, "\"Ä\"")),
            ("fk-not-tenant-composite", format!("{table}{key});"), (4, "above")),
            ("fk-not-tenant-composite", format!("{table}{named});"), (4, "up")),
            (
                "fk-not-tenant-composite",
                format!("{table});\nalter table \"Ä\"\n add b uuid references \"Ä\";"),
                (5, "b"),
            ),
            ("truncate-granted", format!("{table});\n grant all\non \"Ä\" to erp_app;"), (5, "\"Ä\"")),
            (
                "rls-disabled",
                "do $$ begin\n /* é */ create table inv (tenant_id uuid not null);\nend $$;".to_owned(),
                (2, "inv"),
            ),
            (
                "rls-disabled",
                "do $$ begin\n null; execute format('create table %I (tenant_id uuid not null)', 'inv');\nend $$;".to_owned(),
                (2, "execute format('create table %I (tenant_id uuid not null)', 'inv')"),
            ),
            ("app-role-bypass", "create role erp_app\n  superuser;".to_owned(), (1, "erp_app")),
        ] {
            assert_eq!(shown(code, &sql), (place.0, place.1.to_owned()), "{sql}");
        }
    }
}
