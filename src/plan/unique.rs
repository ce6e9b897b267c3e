//! Keys that are to be unique within a tenant: one with the tenant is made beside the one without, and takes its place once no
//! statement of the services' names that any more.

use super::column::names;
use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::{Index, Relation};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self, Unique};

const BESIDE: Kind = Kind {
    lock: Lock::Share,
    work: Work::Scan,
    closes: "what is unique within a tenant has no key of its own",
};

const DROPPED: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "a duplicate, or ON CONFLICT, tells which values other tenants have",
};

/// How many places in code are named one by one.
const SHOWN: usize = 3;

/// A list of columns that the manifest says are unique within a tenant.
struct Wanted<'a> {
    table: &'a QualifiedName,
    relation: &'a Relation,
    tenant: &'a Ident,
    columns: Vec<&'a Ident>,
}

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    for wanted in wanted(draft) {
        if let Some((name, why)) = wanted.obstacle() {
            draft.remark(
                wanted.table,
                format!(
                    "unique key {} stays, since {why}; put one with the tenant in its place by hand",
                    name.plain()
                ),
            );
            continue;
        }
        if let Some(with) = wanted.lacking() {
            let index = draft.index_name(wanted.table, &with, "key");
            let sql =
                (ddl::index(wanted.table, &index, &with, true)?, ddl::drop_index(wanted.table, &index)?);
            draft.push(wanted.table.plain(), format!("unique index on {}", names(&with)), BESIDE, sql);
        }
        for (name, index) in wanted.without_tenant().collect::<Vec<_>>() {
            replace(draft, &wanted, name, index)?;
        }
    }
    Ok(())
}

/// The keys with the tenant that are still to be made, and can be.
pub(super) fn lacking<'a>(draft: &Draft<'a>) -> Vec<(&'a QualifiedName, Vec<&'a Ident>)> {
    let able = wanted(draft).into_iter().filter(|wanted| wanted.obstacle().is_none());
    able.filter_map(|wanted| Some((wanted.table, wanted.lacking()?))).collect()
}

fn wanted<'a>(draft: &Draft<'a>) -> Vec<Wanted<'a>> {
    let of_table =
        |(table, relation, place): (&'a QualifiedName, &'a Relation, crate::policy::place::Place<'a>)| {
            let tenant = &place.tenant_column()?.name;
            let lists = &draft.manifest.entry(table)?.unique;
            Some(lists.iter().map(move |list| Wanted {
                table,
                relation,
                tenant,
                columns: list.iter().collect(),
            }))
        };
    draft.relations().into_iter().filter_map(of_table).flatten().collect()
}

impl<'a> Wanted<'a> {
    /// The tenant and these columns, unless there is a key on them.
    fn lacking(&self) -> Option<Vec<&'a Ident>> {
        let with: Vec<&Ident> = std::iter::once(self.tenant).chain(self.columns.iter().copied()).collect();
        let is_there = self.relation.indexes.values().any(|index| index.valid && is_on(index, &with));
        (!is_there).then_some(with)
    }

    /// The keys on these columns alone, but for the primary key, by which rows are known.
    fn without_tenant(&self) -> impl Iterator<Item = (&'a Ident, &'a Index)> + '_ {
        let relation = self.relation;
        let primary = |name: &Ident| relation.keys.get(name).is_some_and(|key| key.primary);
        let indexes = relation.indexes.iter().map(|(name, index)| (name, &**index));
        indexes.filter(move |(name, index)| !primary(name) && is_on(index, &self.columns))
    }

    /// A key that says more than that values are unique, which one with the tenant would have to say too.
    fn obstacle(&self) -> Option<(&'a Ident, &'static str)> {
        self.without_tenant().find_map(|(name, index)| {
            let why = if index.predicate.is_some() {
                "it is confined to some rows"
            } else if index.nulls_not_distinct {
                "it takes two NULLs for the same"
            } else if !index.immediate {
                "it can be deferred"
            } else if !index.include.is_empty() || index.keys.iter().any(|key| key.opclass.is_some()) {
                "it is more than a list of columns"
            } else {
                return None;
            };
            Some((name, why))
        })
    }
}

/// Whether a unique index is on exactly these columns, in any order.
fn is_on(index: &Index, columns: &[&Ident]) -> bool {
    let of_index =
        index.columns().filter(|of| index.unique && !index.without_overlaps && of.len() == columns.len());
    of_index.is_some_and(|of| columns.iter().all(|column| of.contains(column)))
}

/// Drops the key without the tenant, as far as it is known that nothing needs it.
fn replace(draft: &mut Draft<'_>, wanted: &Wanted<'_>, name: &Ident, index: &Index) -> Result<()> {
    let Wanted { table, columns, .. } = wanted;
    let shown = name.plain();
    let refers = draft
        .catalog
        .foreign_keys()
        .find(|(_, _, key)| key.references == **table && index.is_referenced_by(key));
    if let Some((from, key, _)) = refers {
        let what = format!(
            "unique key {shown} stays beside the one with the tenant: foreign key {} of {} refers to it",
            key.plain(),
            from.plain()
        );
        draft.remark(table, what);
        return Ok(());
    }
    let Some(queries) = draft.queries else {
        let what = format!(
            "unique key {shown} stays beside the one with the tenant, as statements may name it in ON CONFLICT; plan --queries with \
             the code of the services looks for them, and drops it where there is none"
        );
        draft.remark(table, what);
        return Ok(());
    };
    let places = queries.naming(table.name(), name, columns);
    if !places.is_empty() {
        let more = places.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown_places = places.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        let what = format!(
            "unique key {shown} stays while ON CONFLICT names it without the tenant: {shown_places}{more}"
        );
        draft.remark(table, what);
        return Ok(());
    }
    let sql = if wanted.relation.keys.contains_key(name) {
        let columns = index.columns().unwrap_or_default();
        (ddl::drop_constraint(table, name)?, ddl::add_unique(table, name, &columns, Unique::Values)?)
    } else {
        let columns = index.columns().unwrap_or_default();
        (ddl::drop_index(table, name)?, ddl::index(table, name, &columns, true)?)
    };
    draft.push(table.plain(), format!("unique key {shown} without the tenant is dropped"), DROPPED, sql);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::{Options, Source, replay};
    use crate::ident::Ident;
    use crate::plan::{Plan, Queries, plan, plan_for};
    use crate::policy::manifest::Manifest;

    const TABLE: &str = "CREATE TABLE invoice (tenant_id uuid NOT NULL, id bigint PRIMARY KEY, number text, year int, UNIQUE (number));";

    fn manifest(unique: &str) -> Manifest {
        let text = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n";
        let entry = format!("\"public.invoice\" = {{ class = \"tenant\", unique = [{unique}] }}\n");
        Manifest::parse(&(text.to_owned() + &entry)).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn planned(unique: &str, sql: &str, code: Option<&str>) -> Plan {
        let options = Options { role: Ident::known("erp_owner"), ..Options::default() };
        let catalog = replay(&[Source::new("a.sql", sql)], &options).catalog;
        let done = match code {
            None => plan(&manifest(unique), &catalog),
            Some(code) => {
                let mut queries = Queries::default();
                queries.add("src/a.rs", code);
                plan_for(&manifest(unique), &catalog, &queries)
            }
        };
        done.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// What a plan does with keys, and what it leaves and why.
    fn said(unique: &str, sql: &str, code: Option<&str>) -> (Vec<String>, Vec<String>) {
        let plan = planned(unique, sql, code);
        let steps = plan.steps.into_iter().map(|step| step.what).filter(|what| what.contains("unique"));
        let remarks =
            plan.remarks.into_iter().map(|remark| remark.what).filter(|what| what.contains("unique key"));
        (steps.collect(), remarks.collect())
    }

    const MADE: &str = "unique index on tenant_id, number";
    const GONE: &str = "unique key invoice_number_key without the tenant is dropped";

    #[test]
    fn a_key_is_dropped_once_nothing_names_it() {
        let (steps, remarks) = said("\"number\"", TABLE, None);
        assert_eq!(steps, [MADE]);
        assert!(
            remarks[0].contains("stays beside the one with the tenant") && remarks[0].contains("--queries"),
            "{remarks:?}"
        );
        let (steps, remarks) = said(
            "\"number\"",
            TABLE,
            Some("x\ninsert into invoice values (1) on conflict (number) do nothing"),
        );
        assert_eq!(steps, [MADE]);
        assert_eq!(
            remarks,
            ["unique key invoice_number_key stays while ON CONFLICT names it without the tenant: src/a.rs:2"]
        );
        let (steps, remarks) = said("\"number\"", TABLE, Some("on conflict (tenant_id, number)"));
        assert_eq!((steps, remarks.len()), (vec![MADE.to_owned(), GONE.to_owned()], 0));
    }

    #[test]
    fn functions_of_the_database_are_code_too() {
        let function = "CREATE FUNCTION note() RETURNS void LANGUAGE sql AS $$ INSERT INTO invoice (number) VALUES ('1') ON CONFLICT (number) DO NOTHING $$;";
        let (steps, remarks) = said("\"number\"", &format!("{TABLE}{function}"), Some(""));
        assert_eq!(steps, [MADE]);
        assert!(remarks[0].ends_with("function public.note:1"), "{remarks:?}");
    }

    #[test]
    fn what_is_as_it_is_to_be_is_left_alone() {
        let done = TABLE.replace("UNIQUE (number)", "UNIQUE (number, tenant_id)");
        assert_eq!(said("\"number\"", &done, Some("")), (Vec::new(), Vec::new()));
        // The plan that follows has nothing to do.
        let first = planned("\"number\"", TABLE, Some("")).up().unwrap().to_string();
        let (steps, remarks) = said("\"number\"", &format!("{TABLE}{first}"), Some(""));
        assert!(steps.is_empty() && remarks.is_empty(), "{steps:?} {remarks:?}");
        let back = planned("\"number\"", TABLE, Some("")).down().unwrap().to_string();
        assert!(back.contains("ADD CONSTRAINT \"invoice_number_key\" UNIQUE (\"number\")"), "{back}");
    }

    #[test]
    fn a_key_that_means_more_stays_and_is_told() {
        for (key, why) in [
            ("UNIQUE (number) DEFERRABLE", "it can be deferred"),
            ("UNIQUE NULLS NOT DISTINCT (number)", "it takes two NULLs for the same"),
            ("UNIQUE (number) INCLUDE (year)", "it is more than a list of columns"),
        ] {
            let (steps, remarks) = said("\"number\"", &TABLE.replace("UNIQUE (number)", key), Some(""));
            assert!(steps.is_empty() && remarks[0].contains(why), "{key}: {steps:?} {remarks:?}");
        }
        let line = "CREATE TABLE line (tenant_id uuid, number text REFERENCES invoice (number));";
        let (steps, remarks) = said("\"number\"", &format!("{TABLE}{line}"), Some(""));
        assert!(!steps.contains(&GONE.to_owned()), "{steps:?}");
        assert!(
            remarks[0].contains("foreign key line_number_fkey of public.line refers to it"),
            "{remarks:?}"
        );
    }

    #[test]
    fn the_columns_have_to_be_there() {
        let catalog = replay(&[Source::new("a.sql", TABLE)], &Options::default()).catalog;
        let problems = plan(&manifest("\"year, numbre\""), &catalog).unwrap_err();
        assert_eq!(
            problems[0].what,
            "unique of public.invoice names column numbre, which is not there; did you mean number?"
        );
    }
}
