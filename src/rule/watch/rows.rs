//! What the statements of a migration do with rows, for whoever is to run them.

use crate::catalog::replay::{Statement, Step};
use crate::ident::QualifiedName;
use crate::policy::manifest::Manifest;
use crate::rule::code::of_statement;
use crate::rule::code::sentence::{Sentence, Use};
use crate::rule::watch::bound::{Bound, hides, touches_rows};

/// The statements so far, as far as they decide what the next one reaches.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bound: Bound,
}

/// What one statement does with rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// The tables whose rows it changes.
    pub(crate) changes: Vec<QualifiedName>,
    /// The tables that it adds rows to.
    pub(crate) inserts: Vec<QualifiedName>,
    /// The tables that it reads in order to change or copy rows.
    pub(crate) reads: Vec<QualifiedName>,
    /// The first of them whose rows policies hide from the owner too, unless a tenant is bound.
    pub(crate) hidden: Option<QualifiedName>,
}

impl Rows {
    /// Goes on to a statement of the file.
    pub(crate) fn see(&mut self, step: &Step<'_>, manifest: &Manifest) -> Touched {
        let mut touched = Touched::default();
        let Some(statement) = step.statement.filter(|statement| can_touch(statement)) else { return touched };
        for sentence in of_statement(step.located.text()) {
            self.bound.see(step, manifest, &sentence);
            if !is_of_data(&sentence, statement) {
                continue;
            }
            let is_bound = self.bound.holds(step, manifest);
            for (how, name) in sentence.relations() {
                let Some(name) = step.resolve(&name) else { continue };
                let hides = step.relation(&name).is_some_and(|relation| hides(manifest, &name, relation));
                if hides && !is_bound && touched.hidden.is_none() {
                    touched.hidden = Some(name.clone());
                }
                match how {
                    Use::Changes => touched.changes.push(name),
                    Use::Inserts => touched.inserts.push(name),
                    Use::Reads => touched.reads.push(name),
                }
            }
        }
        touched
    }
}

/// Whether a statement can read or change rows, or bind a tenant.
fn can_touch(statement: &Statement) -> bool {
    touches_rows(statement) || matches!(statement, Statement::Session(_))
}

/// Whether it changes or copies rows: what only reads is seen by whoever reads the answer.
fn is_of_data(sentence: &Sentence, statement: &Statement) -> bool {
    let changes = sentence.relations().iter().any(|(how, _)| *how != Use::Reads);
    changes
        || matches!(statement, Statement::CreateTableAs(_))
        || sentence.starts("copy")
        || (sentence.starts("select") && sentence.says("into"))
}

#[cfg(test)]
mod tests {
    use super::{Rows, Touched};
    use crate::catalog::replay::{Options, Source, replay_watched};
    use crate::ident::QualifiedName;
    use crate::policy::manifest::Manifest;
    use crate::rule::example::MANIFEST;

    const TABLES: &str = "create table t (tenant_id uuid, a int); create table plain (a int);
        create table currency (code text);
        alter table t enable row level security, force row level security;
        alter table currency enable row level security, force row level security;\n";

    /// What the last statement does.
    fn touched(sql: &str) -> Touched {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let (mut rows, mut last) = (Rows::default(), Touched::default());
        let source = Source::new("1.sql", format!("{TABLES}{sql}")).in_one_transaction(true);
        replay_watched(None, &[source], &Options::default(), &mut |step| last = rows.see(step, &manifest));
        last
    }

    #[test]
    fn rows_that_policies_hide_are_told() {
        for sql in [
            "update t set a = 1",
            "delete from t",
            "insert into t values (null, 1)",
            "insert into plain select a from t",
            "create table copy as select * from t",
            "select * into copy from t",
            "do $$ begin update t set a = 1; end $$",
            "merge into t using plain p on p.a = t.a when matched then delete",
            "set local row_security = off; update t set a = 1",
        ] {
            assert!(touched(sql).hidden.is_some_and(|name| name.plain() == "public.t"), "{sql}");
        }
    }

    #[test]
    fn rows_that_are_in_sight_are_not() {
        for sql in [
            "update plain set a = 1",
            "select * from t",
            "update currency set code = 'EUR'",
            "set local app.tenant_id = 'x'; update t set a = 1",
            "select set_config('app.tenant_id', '1', true); update t set a = 1",
            "alter table t no force row level security; update t set a = 1",
        ] {
            assert_eq!(touched(sql).hidden, None, "{sql}");
        }
    }

    #[test]
    fn tables_are_told_apart_by_what_is_done_with_them() {
        let plain =
            |names: &[QualifiedName]| names.iter().map(QualifiedName::plain).collect::<Vec<_>>().join(",");
        for (sql, changes, inserts, reads) in [
            ("update t set a = plain.a from plain", "public.t", "", "public.plain"),
            ("insert into plain select a from t", "", "public.plain", "public.t"),
            ("delete from plain", "public.plain", "", ""),
            ("select * from plain", "", "", ""),
        ] {
            let found = touched(sql);
            let found = (plain(&found.changes), plain(&found.inserts), plain(&found.reads));
            assert_eq!(found, (changes.to_owned(), inserts.to_owned(), reads.to_owned()), "{sql}");
        }
    }
}
