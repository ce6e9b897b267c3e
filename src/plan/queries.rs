//! What the code of services names in its `ON CONFLICT`.
//!
//! A statement that names a key fails once the key is gone, so a key is not dropped while code names it. The code can be in
//! any language: what is looked for is the clause, as SQL or as builders of SQL write it.

use crate::ident::Ident;

/// The places in code where an upsert says which key it means.
#[derive(Clone, Debug, Default)]
pub struct Queries {
    named: Vec<Named>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Named {
    file: String,
    line: usize,
    /// The table, where the statement is there to say it.
    table: Option<String>,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// `ON CONFLICT (number)`
    Columns(Vec<String>),
    /// `ON CONFLICT ON CONSTRAINT invoice_number_key`
    Constraint(String),
    /// What a builder is told: the words that follow.
    Words(Vec<String>),
    /// What stands elsewhere, and may be any key: `ON CONFLICT ({columns})`
    Unknown,
}

/// How far behind the clause of a builder its arguments are looked for, in words.
const WORDS: usize = 16;

impl Queries {
    /// Adds what a file names.
    pub fn add(&mut self, file: &str, text: &str) {
        let lower = text.to_ascii_lowercase();
        let mut from = 0;
        while let Some(at) = lower.get(from..).and_then(|rest| rest.find("conflict")).map(|at| from + at) {
            from = at + "conflict".len();
            let (before, rest) = (lower.get(..at).unwrap_or_default(), lower.get(from..).unwrap_or_default());
            let Some(style) = style(before) else { continue };
            let Some(target) = target(rest, style) else { continue };
            let table = if style == Style::Sql { table(before) } else { None };
            let line = before.matches('\n').count() + 1;
            self.named.push(Named { file: file.to_owned(), line, table, target });
        }
    }

    /// Where a key is named, as `file:line`.
    pub(super) fn naming(&self, table: &Ident, key: &Ident, columns: &[&Ident]) -> Vec<String> {
        let is_it = |named: &&Named| {
            let of_table = named.table.as_ref().is_none_or(|of| of.eq_ignore_ascii_case(table.as_str()));
            of_table && named.target.is_of(key, columns)
        };
        self.named.iter().filter(is_it).map(|named| format!("{}:{}", named.file, named.line)).collect()
    }
}

impl Target {
    fn is_of(&self, key: &Ident, columns: &[&Ident]) -> bool {
        let is = |word: &String, name: &Ident| name.as_str().eq_ignore_ascii_case(word);
        match self {
            Self::Columns(named) => {
                named.len() == columns.len()
                    && columns.iter().all(|column| named.iter().any(|word| is(word, column)))
            }
            Self::Constraint(name) => is(name, key),
            Self::Unknown => true,
            Self::Words(words) => {
                let says = |name: &Ident| words.iter().any(|word| is(word, name) || *word == pascal(name));
                says(key) || columns.iter().all(|column| says(column))
            }
        }
    }
}

/// A name as a type of a language has it: `issued_on` is `issuedon`.
fn pascal(name: &Ident) -> String {
    name.as_str().to_ascii_lowercase().replace('_', "")
}

/// How a clause is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `on conflict`
    Sql,
    /// `onConflict`, `on_conflict`
    Builder,
}

/// How `conflict` stands behind `on`, if it does.
fn style(before: &str) -> Option<Style> {
    let builder = before.strip_suffix('_').unwrap_or(before);
    // A string may end between the two, and go on in the next line.
    let sql = before.trim_end_matches(|c: char| c.is_whitespace() || "\"'`+\\".contains(c));
    let (head, style) = if sql.len() < before.len() { (sql, Style::Sql) } else { (builder, Style::Builder) };
    let word = head.strip_suffix("on")?;
    (!word.ends_with(|c: char| c.is_alphanumeric())).then_some(style)
}

/// What follows `on conflict`.
fn target(rest: &str, style: Style) -> Option<Target> {
    let text = rest.trim_start_matches(|c: char| c.is_whitespace() || "\"'`+\\".contains(c));
    if style == Style::Builder {
        return Some(Target::Words(words(text).take(WORDS).collect()));
    }
    let is_filled_in = |text: &str| text.trim_start().starts_with(['{', '$', '%', '?', '#']);
    if let Some(name) = text.strip_prefix("on constraint") {
        let name = if is_filled_in(name) { None } else { words(name).next() };
        return Some(name.map_or(Target::Unknown, Target::Constraint));
    }
    // DO NOTHING without a target means every key, and goes on to.
    if words(text).next().as_deref() == Some("do") {
        return None;
    }
    let Some(list) = text.strip_prefix('(') else {
        let ends = rest.get(..rest.len() - text.len()).is_some_and(|gap| gap.contains(['"', '\'', '`']));
        return (ends || is_filled_in(text)).then_some(Target::Unknown);
    };
    let list = list.split(')').next().unwrap_or_default();
    if list.contains(['{', '$', '%', '?', '#']) {
        return Some(Target::Unknown);
    }
    let is_plain = list.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_,\"\\".contains(c));
    Some(if is_plain {
        // An operator class or a collation may follow the column.
        Target::Columns(list.split(',').filter_map(|part| words(part).next()).collect())
    } else {
        Target::Words(words(list).collect())
    })
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
}

/// The table that a statement inserts into, if it is written before the clause in the same text: where a text ends between them,
/// the clause may be another statement's.
fn table(before: &str) -> Option<String> {
    let at = before.rfind("insert into")?;
    let statement = before.get(at + "insert into".len()..)?;
    if statement.contains([';', '"', '`']) {
        return None;
    }
    let name: String = statement
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\\')
        .chars()
        .take_while(|c| c.is_alphanumeric() || "_.\"\\".contains(*c))
        .filter(|c| !"\"\\".contains(*c))
        .collect();
    name.rsplit('.').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Queries;
    use crate::ident::Ident;

    fn is_named(code: &str) -> bool {
        let mut queries = Queries::default();
        queries.add("a.rs", code);
        let [table, key, year, number] =
            ["invoice", "invoice_year_number_key", "year", "number"].map(|name| Ident::new(name).unwrap());
        let named = queries.naming(&table, &key, &[&year, &number]);
        assert!(named.iter().all(|place| place.starts_with("a.rs:")), "{named:?}");
        !named.is_empty()
    }

    #[test]
    fn a_clause_is_found_in_whatever_language() {
        for code in [
            "insert into invoice (year, number) values ($1, $2) on conflict (year, number) do nothing",
            "INSERT INTO erp.\"invoice\" VALUES ($1) ON CONFLICT (\"number\", \"year\") DO UPDATE SET x = 1",
            "\"INSERT INTO invoice VALUES (1) \" +\n  \"ON CONFLICT \" +\n  \"(year, number) DO NOTHING\"",
            "insert into invoice values (1) on conflict on constraint invoice_year_number_key do nothing",
            "ON CONFLICT (year text_ops, number COLLATE \"C\") DO NOTHING",
            ".onConflict(['year', 'number']).merge()",
            ".onConflict((oc) => oc.columns(['year', 'number']).doNothing())",
            ".on_conflict((invoice::year, invoice::number)).do_nothing()",
            "OnConflict::columns([Invoice::Year, Invoice::Number]).do_nothing()",
            "on_conflict_do_update(index_elements=['year', 'number'], set_={})",
            "on_conflict_do_nothing(constraint='invoice_year_number_key')",
            "format!(\"insert into invoice values ($1) on conflict ({columns}) do nothing\")",
            "\"insert into invoice values (1) on conflict \" + target + \" do nothing\"",
            "on conflict on constraint %s do nothing",
            "on conflict ${target} do nothing",
        ] {
            assert!(is_named(code), "{code}");
        }
    }

    #[test]
    fn what_names_another_key_or_none_is_not_it() {
        for code in [
            "insert into invoice values (1) on conflict do nothing",
            "insert into invoice values (1) on conflict (tenant_id, year, number) do nothing",
            "insert into invoice values (1) on conflict (number) do nothing",
            "insert into customer values (1) on conflict (year, number) do nothing",
            "insert into invoice values (1) on conflict on constraint invoice_pkey do nothing",
            "// a conflict of (year, number) is no clause",
            "// on conflict the row stays as it is",
            "insert into customer values (1) on conflict ({columns}) do nothing",
            "let year = 1; let number = conflict(year);",
        ] {
            assert!(!is_named(code), "{code}");
        }
    }

    #[test]
    fn a_statement_that_has_ended_says_nothing_of_the_next() {
        let other = "q = \"insert into customer values (1)\"\n";
        for clause in
            ["tail = \" on conflict (year, number) do nothing\"", "db.onConflict(['year', 'number'])"]
        {
            assert!(is_named(&format!("{other}{clause}")), "{clause}");
        }
        assert!(is_named("insert into customer values (1)\ndb.onConflict(['year', 'number'])"));
        assert!(is_named("insert into customer values (1);\n$q->on conflict (year, number)"));
    }
}
