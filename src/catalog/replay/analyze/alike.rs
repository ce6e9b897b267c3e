//! Expressions that mean the same on many tables, which have the same policies, defaults and checks: understood once.

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::cursor::Name;
use super::super::depend::Object;
use super::super::state::State;
use super::scope::Found;
use super::{Analyzed, Place};
use crate::catalog::{Expr, Signature};
use crate::ident::{Ident, QualifiedName};

/// Functions, with what each returns.
type Returns = Vec<(Signature, Option<String>)>;

/// What an expression means is the same wherever this is.
#[derive(Clone, Debug, Default)]
pub(super) struct RestsOn {
    /// Columns of its relation by their own names, with their types.
    columns: Vec<(Ident, Option<String>)>,
    /// What names of functions stand for, with what that returns; nothing for those of the server.
    functions: Vec<(Name, Returns)>,
    /// Whether it rests on a type that is not one of the server's.
    on_types: bool,
}

impl RestsOn {
    pub(super) fn column(&mut self, found: &Found) {
        self.on_types |= found.data_type.as_deref().is_some_and(|of| !is_of_server(of));
        self.columns.push((found.column.clone(), found.data_type.clone()));
    }

    pub(super) fn function(&mut self, state: &State, called: Name, overloads: &[Signature]) {
        self.functions.push((called, returns(state, overloads)));
    }
}

/// Whether a type is one of the server's, whose name stands without a schema.
pub(super) fn is_of_server(data_type: &str) -> bool {
    !data_type.contains(['.', '"'])
}

fn returns(state: &State, overloads: &[Signature]) -> Returns {
    let returns = |signature| state.catalog.functions.get(signature).and_then(|of| of.returns.clone());
    overloads.iter().map(|signature| (signature.clone(), returns(signature))).collect()
}

/// What has been understood, by its text.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Alike(RefCell<HashMap<Box<str>, Vec<Known>>>);

#[derive(Clone, Debug)]
struct Known {
    target: Option<Box<str>>,
    rests_on: RestsOn,
    expr: Expr,
    data_type: Option<String>,
}

/// How many texts are kept, of what length, and how many meanings of each.
const MOST: usize = 500;
const LONGEST: usize = 500;
const MEANINGS: usize = 4;

impl Alike {
    pub(super) fn keep(&self, text: &str, target: Option<&str>, rests_on: RestsOn, analyzed: &Analyzed) {
        if text.len() > LONGEST || rests_on.on_types || target.is_some_and(|of| !is_of_server(of)) {
            return;
        }
        let Analyzed { expr, data_type, .. } = analyzed.clone();
        let known = Known { target: target.map(Box::from), rests_on, expr, data_type };
        let mut all = self.0.borrow_mut();
        if all.len() >= MOST {
            all.clear();
        }
        let meanings = all.entry(text.into()).or_default();
        meanings.truncate(MEANINGS - 1);
        meanings.insert(0, known);
    }
}

impl State {
    /// What an expression means that has been understood where it stood alike.
    pub(super) fn analyzed_alike(
        &self,
        text: &str,
        place: Place<'_>,
        target: Option<&str>,
    ) -> Option<Analyzed> {
        let relation = match place {
            Place::Nowhere => None,
            Place::On(relation) => Some(relation),
            Place::Trigger(_) => return None,
        };
        let all = self.alike.0.borrow();
        let mut known = all.get(text)?.iter().filter(|known| known.target.as_deref() == target);
        let known = known.find(|known| self.is_alike(&known.rests_on, relation))?;
        let RestsOn { columns, functions, .. } = &known.rests_on;
        let functions = functions.iter().flat_map(|(_, overloads)| overloads);
        let functions = functions.map(|(signature, _)| Object::Function(signature.clone()));
        let columns = relation.into_iter().flat_map(|relation| {
            let column = |(column, _): &(Ident, _)| Object::Column(relation.clone(), column.clone());
            let itself = (!columns.is_empty()).then(|| Object::Relation(relation.clone()));
            columns.iter().map(column).chain(itself)
        });
        let uses = functions.chain(columns).collect();
        Some(Analyzed { expr: known.expr.clone(), uses, data_type: known.data_type.clone() })
    }

    fn is_alike(&self, rests_on: &RestsOn, relation: Option<&QualifiedName>) -> bool {
        let column = |(name, data_type): &(Ident, Option<String>)| {
            relation.is_some_and(|relation| self.has_column(relation, name, data_type.as_deref()))
        };
        let function = |(name, before): &(Name, Returns)| {
            let now = self.functions_named(name);
            let is_same = if before.is_empty() { now.is_empty() } else { returns(self, &now) == *before };
            is_same && (!now.is_empty() || self.extension_function(name).is_none())
        };
        rests_on.columns.iter().all(column) && rests_on.functions.iter().all(function)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::{Options, Source, replay};

    const TABLES: [&str; 7] = ["text", "uuid", "int", "varchar(5)", "email", "other.email", "text"];

    const CONDITIONS: [&str; 13] = [
        "a = 'x'",
        "a IN ('x', 'y')",
        "b = a",
        "f(a) = 'x'",
        "a = f(b)",
        "upper(b) = 'x'",
        "nextval('s') > 1",
        "a = (SELECT NULLIF(current_setting('x', true), '')::uuid)",
        "(SELECT a) = 'x'",
        "t1.b = 'x'",
        "b::email = 'x'",
        "EXISTS (SELECT FROM t1 WHERE t1.b = 'x')",
        "NOT is_ok",
    ];

    const BEFORE: &str = "CREATE SCHEMA other; CREATE SEQUENCE s; CREATE DOMAIN email AS text; CREATE DOMAIN other.email AS uuid;";

    const AFTER: &str = "ALTER TABLE t1 RENAME COLUMN a TO d; ALTER TABLE t2 RENAME TO u2; ALTER FUNCTION f(text) RENAME TO g;
        ALTER TABLE t3 DROP COLUMN a CASCADE; DROP FUNCTION other.f(text) CASCADE;";

    /// Each is followed by all conditions on all tables.
    const EVENTS: [&str; 10] = [
        "",
        "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT $1';",
        "CREATE FUNCTION f(uuid) RETURNS uuid LANGUAGE sql AS 'SELECT $1';",
        "DROP FUNCTION f(text), f(uuid) CASCADE; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "SET search_path = other, public;",
        "CREATE FUNCTION other.f(text) RETURNS text LANGUAGE sql AS 'SELECT $1';",
        "CREATE SEQUENCE other.s; CREATE DOMAIN other.uuid AS text; RESET search_path;",
        "ALTER TABLE public.t0 ADD COLUMN is_ok boolean; ALTER TABLE public.t1 ADD COLUMN is_ok text;",
        "ALTER TABLE public.t0 ALTER COLUMN b TYPE int USING 1; CREATE EXTENSION citext;",
        "ALTER TABLE public.t0 RENAME COLUMN a TO c; ALTER TABLE public.t6 DROP COLUMN a CASCADE;",
    ];

    /// What all conditions say in the end, where each is written as often, or each once.
    fn said(once: bool) -> Vec<String> {
        let mut sql = vec![BEFORE.to_owned()];
        for (number, of) in TABLES.iter().enumerate() {
            sql.push(format!("CREATE TABLE t{number} (a {of}, b text);"));
        }
        let mut policy = 0;
        for event in EVENTS {
            sql.push(event.to_owned());
            for (table, condition) in (0..TABLES.len()).flat_map(|table| CONDITIONS.map(|of| (table, of))) {
                policy += 1;
                let between = if once { format!(" /* {policy} */ ") } else { " ".to_owned() };
                let condition = condition.replace(' ', &between);
                sql.push(format!("CREATE POLICY p{policy} ON public.t{table} USING ({condition});"));
            }
        }
        sql.push(AFTER.to_owned());
        let sql = sql.concat();
        let catalog = replay(&[Source::new("a.sql", sql)], &Options::default()).catalog;
        let policies = catalog.relations.iter().flat_map(|(table, relation)| {
            relation.policies.iter().map(move |(name, policy)| format!("{table}.{name} {policy:?}"))
        });
        policies.collect()
    }

    #[test]
    fn what_is_understood_once_means_what_it_would_mean_anew() {
        let (anew, alike) = (said(true), said(false));
        assert!(anew.len() > 500, "{}", anew.len());
        for (one, other) in anew.iter().zip(&alike) {
            assert_eq!(one, other);
        }
        assert_eq!(anew.len(), alike.len());
    }
}
