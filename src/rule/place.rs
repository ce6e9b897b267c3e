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

/// A character of a statement, the first being 1, as a place in the file. Zero is the statement as a whole.
#[cfg(feature = "migrate")]
pub(crate) fn at(located: &Located, position: usize) -> Place {
    let text = located.text();
    let chars_before = position.saturating_sub(1);
    let start = text.char_indices().nth(chars_before).map_or(0, |(at, _)| at);
    let before = text.get(..start).unwrap_or_default();
    let rest = text.get(start..).unwrap_or_default();
    let column = match before.rfind('\n') {
        Some(at) => before.get(at + 1..).unwrap_or_default().chars().count() + 1,
        None => located.column() + before.chars().count(),
    };
    let ends = |c: char| if position == 0 { c == '\n' } else { !(c.is_alphanumeric() || c == '_') };
    Place {
        file: located.file().to_owned(),
        line: located.line() + before.matches('\n').count(),
        column,
        length: rest.chars().take_while(|c| !ends(*c)).count().max(1),
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
    use crate::catalog::Object;
    use crate::catalog::replay::Source;
    use crate::rule::example::ROLES;
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

    /// Tables of tenants of every make, none of them protected, with whatever else there is to find something in.
    const MADE: &str = "CREATE SCHEMA app;
CREATE ROLE clerk LOGIN;
GRANT clerk TO erp_app;
CREATE TYPE mood AS (tenant_id uuid, say text);
CREATE SEQUENCE counter;
CREATE TABLE plain (id bigint NOT NULL, tenant_id uuid NOT NULL, note text DEFAULT 'a', CHECK (id > 0));
CREATE TABLE other (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, plain_id bigint);
CREATE TABLE parted (id bigint, tenant_id uuid NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (1) TO (2);
CREATE TABLE part_2 (id bigint, tenant_id uuid NOT NULL);
CREATE TABLE child (more text) INHERITS (plain);
CREATE TABLE grown (id bigint GENERATED ALWAYS AS IDENTITY, serial_id bigserial, tenant_id uuid NOT NULL);
CREATE TABLE app.further (id bigint, tenant_id uuid);
CREATE VIEW shown AS SELECT id, tenant_id FROM plain;
CREATE MATERIALIZED VIEW kept AS SELECT id, tenant_id FROM plain;
CREATE FUNCTION reads() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM plain $$;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE POLICY open ON other USING (true);
CREATE PUBLICATION all_of_it FOR TABLE plain;
GRANT ALL ON plain, other, parted, part_1, part_2, child, grown, shown, kept TO erp_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO erp_app;
";

    /// Statements that change the model around what is found, or make more of it.
    const CHANGES: [&str; 44] = [
        "ALTER TABLE plain ADD COLUMN place bigserial NOT NULL",
        "ALTER TABLE plain ADD COLUMN place serial, ADD COLUMN size smallserial",
        "ALTER TABLE plain ADD COLUMN place bigint GENERATED BY DEFAULT AS IDENTITY",
        "ALTER TABLE plain ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE grown ALTER COLUMN id DROP IDENTITY",
        "ALTER TABLE grown DROP COLUMN serial_id",
        "ALTER SEQUENCE counter OWNED BY plain.id",
        "ALTER SEQUENCE counter RENAME TO count_of",
        "ALTER SEQUENCE grown_serial_id_seq RENAME TO grown_seq",
        "CREATE TABLE more (LIKE plain INCLUDING ALL)",
        "CREATE TABLE more (LIKE grown INCLUDING ALL, place serial)",
        "CREATE TABLE more (place bigserial) INHERITS (plain, other)",
        "CREATE TABLE more AS SELECT * FROM plain",
        "CREATE TABLE more PARTITION OF parted FOR VALUES FROM (2) TO (3)",
        "CREATE TABLE more OF mood",
        "CREATE TABLE more (id bigint REFERENCES other, tenant_id uuid, place bigserial)",
        "CREATE TABLE twin (LIKE plain INCLUDING ALL); ALTER TABLE twin INHERIT plain",
        "ALTER TABLE child NO INHERIT plain",
        "ALTER TABLE parted ATTACH PARTITION part_2 FOR VALUES FROM (2) TO (3)",
        "ALTER TABLE parted DETACH PARTITION part_1",
        "ALTER TABLE plain RENAME TO renamed",
        "ALTER TABLE grown RENAME TO renamed",
        "ALTER TABLE parted RENAME TO renamed",
        "ALTER TABLE plain RENAME COLUMN id TO number",
        "ALTER TABLE plain RENAME COLUMN tenant_id TO tenant",
        "ALTER TABLE other RENAME CONSTRAINT other_pkey TO other_key",
        "ALTER POLICY open ON other RENAME TO wide",
        "ALTER VIEW shown RENAME TO seen",
        "ALTER FUNCTION reads() RENAME TO counts",
        "ALTER ROLE clerk RENAME TO teller",
        "ALTER TYPE mood RENAME TO temper",
        "ALTER PUBLICATION all_of_it RENAME TO all_of_them",
        "ALTER TABLE plain SET SCHEMA app",
        "ALTER TABLE grown SET SCHEMA app",
        "ALTER TABLE app.further SET SCHEMA public",
        "ALTER FUNCTION reads() SET SCHEMA app",
        "ALTER SCHEMA app RENAME TO application",
        "ALTER SCHEMA public RENAME TO application",
        "ALTER TABLE plain OWNER TO clerk",
        "ALTER TABLE grown SET UNLOGGED",
        "ALTER TABLE grown OWNER TO clerk",
        "DROP TABLE plain CASCADE",
        "DROP FUNCTION reads()",
        "CREATE TRIGGER t BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION told()",
    ];

    /// A finding's rule, what it is about, and its file and line.
    type Found = (&'static str, Object, Option<(String, usize)>);

    /// What is found, each with where it stands.
    fn places(files: &[Source]) -> Vec<Found> {
        let found = lint(&manifest(""), files).findings.into_iter().map(|finding| {
            let place = finding.place.map(|place| (place.file, place.line));
            (finding.rule.code, finding.object, place)
        });
        found.collect()
    }

    #[test]
    fn whatever_a_file_has_made_has_a_file_and_a_line() {
        let file = |name: &str, text: &str| Source::new(name, text).in_one_transaction(true);
        let (roles, made) = (file("roles.sql", ROLES), file("1.sql", MADE));
        let before = places(&[roles.clone(), made.clone()]);
        assert!(before.len() > 50, "{}", before.len());
        let mut wrong = Vec::new();
        for change in CHANGES {
            let text = format!("SET lock_timeout = '1s';\n{change};\n");
            let after = places(&[roles.clone(), made.clone(), file("2.sql", &text)]);
            if after.iter().any(|(code, ..)| *code == "opaque-statement") {
                wrong.push(format!("{change}: is not followed"));
            }
            for (code, object, place) in &after {
                let same = |known: &&(&str, Object, _)| known.0 == *code && known.1 == *object;
                let mut known = before.iter().filter(same).map(|(.., place)| place).peekable();
                match place {
                    // What contradicts the database as a whole stands in no file.
                    None if *object == Object::Database => {}
                    None => wrong.push(format!("{change}: {code} of {object} is nowhere")),
                    // A finding that was there before stays where it was, unless the change has made it another one.
                    Some((file, _)) if file == "2.sql" => {}
                    Some(_) if known.peek().is_some() && !known.any(|known| known == place) => {
                        wrong.push(format!("{change}: {code} of {object} has gone to {place:?}"));
                    }
                    Some(_) => {}
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    /// A table is where it was made, whatever was done to it since: there the comment stands that allows something, and that is
    /// what is new or not since a commit.
    #[test]
    fn a_table_is_where_it_was_made() {
        let table = "SELECT 1;\nCREATE TABLE t (id bigint NOT NULL, tenant_id uuid NOT NULL);";
        for change in [
            "ADD COLUMN place bigserial",
            "ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY",
            "RENAME TO u",
            "SET SCHEMA app",
            "OWNER TO erp_owner",
            "ADD COLUMN place bigserial; ALTER TABLE t RENAME TO u; ALTER TABLE u SET SCHEMA app",
            "RENAME TO u; CREATE TABLE t (id bigserial); DROP TABLE t",
        ] {
            let sql = format!("CREATE SCHEMA app; {table}\n\nALTER TABLE t {change};");
            let manifest = manifest("\n[schemas]\ninclude = [\"public\", \"app\"]\n");
            let report = lint(&manifest, &[Source::new("a.sql", sql)]);
            let found = report.findings.iter().filter(|finding| finding.rule.code == "rls-disabled");
            let lines: Vec<_> = found.map(|finding| finding.place.as_ref().map(|place| place.line)).collect();
            assert_eq!(lines, [Some(2)], "{change}");
        }
    }
}
