//! `opaque-statement`

use crate::catalog::replay::{Extent, Kind, Name, Opaque, Replayed, is_passed, tokens};
use crate::catalog::{Object, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::rule::code::own;
use crate::rule::code::sentence::Sentence;
use crate::rule::code::{Code, block, of_statement};
use crate::rule::finding::{Finding, Findings};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(in crate::rule) const RULE: Rule = Rule {
    code: "opaque-statement",
    severity: Severity::Medium,
    finds: "a statement is not followed, so that nothing is known of what it does",
    why: "Whatever the statement does to tables, policies or grants, no rule sees it: what is found holds without it.",
    fix: "Write it as plain statements, or look at the database itself with tenantry audit once it has run.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
DO $$
BEGIN
    EXECUTE format('ALTER TABLE invoice OWNER TO %I', (SELECT usename FROM pg_stat_activity WHERE pid = pg_backend_pid()));
END
$$;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/sql-do.html",
    check: Check::Engine,
};

/// What code speaks of that can change who sees what.
const ALARMING: [&str; 16] = [
    "alter",
    "authorization",
    "create",
    "disable",
    "drop",
    "enable",
    "execute",
    "force",
    "grant",
    "owned",
    "owner",
    "policy",
    "revoke",
    "role",
    "security",
    "set_config",
];

/// What a statement that is not understood says that can decide who sees what: a table, which is judged by nobody now, or who may
/// do what.
const RULING: [&str; 9] = [
    "create table",
    "create unlogged table",
    "create foreign table",
    "policy",
    "row level security",
    "grant",
    "revoke",
    "create role",
    "alter role",
];

/// One finding for each statement that the replay did not follow.
pub(in crate::rule) fn findings(replayed: &Replayed, subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Findings::of(&RULE);
    for reasons in replayed.opaque.chunk_by(|one, next| one.statement() == next.statement()) {
        let Some(first) = reasons.first() else { continue };
        let why: Vec<String> = reasons.iter().map(|of| of.why().replace(['\n', '\r'], " ")).collect();
        let message = format!("not followed: {}", why.join("; "));
        found
            .add(object(first, subject), message.trim_end_matches('.'))
            .statement(first.statement())
            .severity(grade(replayed, reasons, subject));
    }
    found.into_found()
}

/// How much it matters that a statement was not followed, whatever it stands in.
fn grade(replayed: &Replayed, reasons: &[Opaque], subject: &Subject<'_>) -> Severity {
    let Some(opaque) = reasons.first() else { return Severity::Low };
    let text = |at: usize| replayed.statements.get(at).map_or("", |located| located.text());
    let Some(whole) = within(replayed, opaque) else {
        return severity(text(opaque.statement()), extent(reasons), subject);
    };
    if let Some(severity) = own_severity(text(whole)) {
        return severity;
    }
    if extent(reasons) == Extent::Assumed {
        return Severity::Low;
    }
    let sentence = Sentence::of(text(opaque.statement()));
    let alarming = is_alarming(&sentence) || calls_alarming(&sentence, subject);
    if alarming || !opaque.reach().is_nothing() { Severity::Medium } else { Severity::Low }
}

/// The statement of the file that runs it, if another one does.
fn within(replayed: &Replayed, opaque: &Opaque) -> Option<usize> {
    replayed.statements.get(opaque.statement())?.runs_within()
}

/// Whether it stands in a block that this crate itself writes, of which it is known what it does.
pub(in crate::rule) fn is_own(replayed: &Replayed, opaque: &Opaque) -> bool {
    let whole = within(replayed, opaque).and_then(|at| replayed.statements.get(at));
    whole.is_some_and(|whole| own_severity(whole.text()).is_some())
}

fn own_severity(text: &str) -> Option<Severity> {
    let sentence = Sentence::of(text);
    block(&sentence).and_then(|(body, _)| own::severity(body))
}

/// The relation that the reason names, if it names one that is there.
fn object(opaque: &Opaque, subject: &Subject<'_>) -> Object {
    let why = opaque.why();
    let tokens = tokens(why);
    let name = |at: usize| {
        let token = tokens.get(at).filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))?;
        crate::catalog::replay::name_of(*token, why)
    };
    let dotted = (0..tokens.len()).find_map(|at| {
        let schema: Ident =
            name(at).filter(|_| tokens.get(at + 1).is_some_and(|dot| dot.is_symbol(why, ".")))?;
        let relation = QualifiedName::new(schema, name(at + 2)?);
        subject.catalog.relations.contains_key(&relation).then_some(relation)
    });
    let quoted = || {
        let quoted =
            (0..tokens.len()).filter(|at| tokens.get(*at).is_some_and(|token| token.kind == Kind::Quoted));
        let mut named = quoted.filter_map(|at| subject.named(&Name { schema: None, name: name(at)? }));
        named.next().cloned()
    };
    dotted.or_else(quoted).map_or(Object::Database, Object::Relation)
}

/// How much of a statement is not known, at most.
fn extent(reasons: &[Opaque]) -> Extent {
    reasons.iter().map(Opaque::extent).max().unwrap_or(Extent::Effect)
}

/// How much it matters that a statement was not followed: what it may hide.
fn severity(text: &str, extent: Extent, subject: &Subject<'_>) -> Severity {
    // It holds for every table that is there, whatever its schema or the types of its columns.
    if extent == Extent::Assumed {
        return Severity::Low;
    }
    // PostgreSQL runs nothing of it.
    if extent == Extent::File {
        return Severity::Medium;
    }
    let sentences = of_statement(text);
    if extent == Extent::Words {
        let says = |word: &&str| sentences.first().is_some_and(|first| first.says(word));
        return match (is_passed(text), RULING.iter().any(says)) {
            (true, _) => Severity::Low,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        };
    }
    let Some(first) = sentences.first() else { return Severity::Medium };
    if let Some((body, language)) = block(first) {
        if let Some(severity) = own::severity(body) {
            return severity;
        }
        let looked_into = matches!(language, "sql" | "plpgsql");
        let alarming = sentences.iter().skip(1).any(is_alarming);
        return if looked_into && !alarming { Severity::Low } else { Severity::Medium };
    }
    let calls = ["call", "select", "with", "values"].iter().any(|verb| first.starts(verb));
    if !calls || is_alarming(first) || calls_alarming(first, subject) {
        Severity::Medium
    } else {
        Severity::Low
    }
}

fn is_alarming(sentence: &Sentence) -> bool {
    if sentence.starts("raise") {
        return false;
    }
    let alarms = |word: &str| ALARMING.contains(&word);
    sentence.starts("set")
        || sentence.words.iter().any(|word| match word.kind {
            Kind::Word => alarms(&word.text),
            Kind::Text => {
                let text = &word.text;
                tokens(text).into_iter().any(|token| alarms(&token.of(text).to_ascii_lowercase()))
            }
            _ => false,
        })
}

/// Whether it calls a function of the files whose body is alarming, or not to be looked into.
fn calls_alarming(sentence: &Sentence, subject: &Subject<'_>) -> bool {
    let calls = sentence.calls();
    let mut called = calls.iter().flat_map(|call| {
        let of_schema = |signature: &&&Signature| {
            call.name.schema.as_ref().is_none_or(|schema| schema == signature.name.schema())
        };
        subject.functions_named(call.name.name.as_str()).iter().filter(of_schema)
    });
    called.any(|signature| {
        let Some(function) = subject.catalog.functions.get(*signature) else { return false };
        Code::of_function(signature, function).is_none_or(|code| code.sentences.iter().any(is_alarming))
    })
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{messages, severities};

    #[test]
    fn what_is_not_followed_is_found_and_graded_by_what_it_speaks_of() {
        let of = |sql: &str| severities(super::RULE.code, sql);
        let function = |body: &str| {
            format!(
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body}; END $f$;
                 SELECT f();"
            )
        };
        for (sql, expected) in [
            (super::RULE.bad.to_owned(), &["medium"][..]),
            (super::RULE.good.to_owned(), &[]),
            ("DO $$ BEGIN PERFORM 1; END $$;".to_owned(), &[]),
            ("DO $$ BEGIN RAISE NOTICE 'create a policy'; -- drop policy\n END $$;".to_owned(), &[]),
            ("DO $$ BEGIN UPDATE t SET a = 1; END $$;".to_owned(), &[]),
            ("DO $$ BEGIN PERFORM frob(1); END $$;".to_owned(), &["low"]),
            ("DO $$ BEGIN SET row_security = off; END $$;".to_owned(), &[]),
            ("DO $$ BEGIN PERFORM run('drop table a'); END $$;".to_owned(), &["medium"]),
            ("DO LANGUAGE plperl $$ 1 $$;".to_owned(), &["medium"]),
            (
                "CREATE TABLE t (a int CONSTRAINT c NOT NULL); ALTER TABLE t ALTER CONSTRAINT c NO INHERIT;
                 ALTER TABLE t ALTER CONSTRAINT c INHERIT;"
                    .to_owned(),
                &[],
            ),
            ("CALL p();".to_owned(), &["low"]),
            ("SELECT unknown('GRANT ALL');".to_owned(), &["medium"]),
            ("SELECT unknown(1);".to_owned(), &["low"]),
            (function("PERFORM 1"), &[]),
            (function("DROP POLICY a ON b"), &["medium"]),
            ("\\i other.sql\n".to_owned(), &["medium"]),
            ("ALTER TABLE missing ADD a int;".to_owned(), &["medium"]),
            ("FROBNICATE;".to_owned(), &["medium"]),
            ("CREATE INDEX i ON t FROBNICATE;".to_owned(), &["medium"]),
            // What is not understood of a table, which is there all the same, or what hides one.
            ("CREATE TABLE t (a int FROBNICATE (1, 2), b int);".to_owned(), &["medium"]),
            ("CREATE TABLE t FROBNICATE;".to_owned(), &["high"]),
            ("CREATE POLICY p ON t FROBNICATE;".to_owned(), &["high"]),
            ("GRANT ALL ON t TO a FROBNICATE;".to_owned(), &["high"]),
            ("ALTER TABLE t FROBNICATE ROW LEVEL SECURITY;".to_owned(), &["high"]),
            // What hides nothing, whatever it says.
            ("CREATE TABLE t (a money_of_mine);".to_owned(), &["low"]),
            ("CREATE TABLE apart.t (a int);".to_owned(), &["low"]),
            ("VACUUM t FROBNICATE;".to_owned(), &["low"]),
            ("CREATE CAST FROBNICATE;".to_owned(), &["low"]),
        ] {
            assert_eq!(of(&sql), expected, "{sql}");
        }
        assert!(messages(super::RULE.code, "CALL p();").starts_with("not followed: "));
        // A statement is found once, whatever is not known of it.
        let two = "CREATE TABLE apart.t (a money_of_mine);";
        let (said, count) = (messages(super::RULE.code, two), of(two).len());
        assert!(said.contains("apart") && said.contains("; the type money_of_mine") && count == 1, "{said}");
    }

    /// A table must not leave the sight of the other rules for a word of its statement.
    #[test]
    fn what_is_not_understood_of_a_table_does_not_hide_it() {
        let start = "CREATE TABLE parent (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
            ALTER TABLE parent ENABLE ROW LEVEL SECURITY;";
        for sql in [
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, note text FROBNICATE);",
            "CREATE TABLE t (id bigint, FROBNICATE (id), tenant_id uuid NOT NULL);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL FROBNICATE (a, b) NULL);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL) FROBNICATE;",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, a bigint REFERENCES elsewhere);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, FOREIGN KEY (missing) REFERENCES parent);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, LIKE elsewhere);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL) INHERITS (elsewhere);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, UNIQUE (missing));",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL,);",
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL);
             ALTER TABLE t ADD COLUMN a int FROBNICATE, ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES elsewhere;",
        ] {
            let sql = format!("{start} {sql}");
            assert_eq!(severities(super::RULE.code, &sql).len(), 1, "{sql}");
            assert_eq!(severities("rls-disabled", &sql), ["critical"], "{sql}");
        }
        let both = "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL);
            ALTER TABLE t FROBNICATE (1, 2), ENABLE ROW LEVEL SECURITY, ADD FOREIGN KEY (id) REFERENCES elsewhere;";
        assert_eq!(severities("rls-disabled", both), [""; 0]);
        assert_eq!(severities(super::RULE.code, both), ["medium"]);
    }

    /// No table is below itself, whatever a file says, and the rules, which follow tables upwards, come to an end.
    #[test]
    fn tables_in_a_circle_are_one_finding() {
        let start = "CREATE TABLE a (id int, tenant_id uuid) PARTITION BY RANGE (id);
            CREATE TABLE b PARTITION OF a FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (id);
            CREATE TABLE c PARTITION OF b FOR VALUES FROM (1) TO (2) PARTITION BY RANGE (id);
            CREATE INDEX i ON a (id);
            CREATE TABLE up (id int, tenant_id uuid);
            CREATE TABLE down () INHERITS (up);";
        for sql in [
            "ALTER TABLE a ATTACH PARTITION a FOR VALUES FROM (10) TO (11);",
            "ALTER TABLE b ATTACH PARTITION a FOR VALUES FROM (10) TO (11);",
            "ALTER TABLE c ATTACH PARTITION a FOR VALUES FROM (10) TO (11);",
            "ALTER TABLE c ATTACH PARTITION b FOR VALUES FROM (10) TO (11);",
            "ALTER INDEX i ATTACH PARTITION i;",
            "ALTER TABLE up INHERIT up;",
            "ALTER TABLE up INHERIT down;",
        ] {
            let sql = format!(
                "{start} {sql} ALTER TABLE a ADD COLUMN more int; ALTER TABLE up ADD COLUMN more int;"
            );
            assert_eq!(severities(super::RULE.code, &sql), ["medium"], "{sql}");
        }
    }
}
