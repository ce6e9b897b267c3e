//! Which plans a tenant's statements get: whether they find rows by the tenant, and ask for it once.

use serde_json::Value;

use super::attempt::named;
use super::check::names;
use super::made::Known;
use super::report::Aim;
use super::row::Scene;
use super::seat::Shown;
use super::table::Table;
use super::tenants::Who;
use super::value::sql;
use crate::catalog::Relation;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;
use crate::policy::render::{Vars, render};

const PLANS: &str = include_str!("../../sql/prove/plans.sql");

/// The plan of one kind of statement on one table.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The table.
    pub object: String,
    /// What is planned: `look-up`, `scan` or `join`.
    pub query: &'static str,
    /// What is wrong with it, each in a few words; nothing where it is as it should be.
    pub remarks: Vec<String>,
    /// What planning took, in milliseconds, as the server measured it.
    pub planning_ms: f64,
    /// The rows that were read and thrown away.
    pub removed: u64,
    /// The relations that the statement has locked, indexes among them.
    pub locks: u64,
    /// How many partitions it went to, of how many there are; none where the table has none.
    pub partitions: Option<(usize, usize)>,
    /// The statement.
    pub sql: String,
}

/// The plans of a table of tenants, in the transaction that is open; none where no row of it can be made.
pub(crate) async fn plans(scene: &mut Scene<'_>, table: &Table<'_>) -> Result<Vec<Plan>> {
    let row = match scene.row(table.name, Who::Own).await {
        Ok(row) => row,
        Err(stop) => return stop.reason().map(|_| Vec::new()),
    };
    let relation = table.name.to_string();
    let vars = || Vars::default().sql("relation", relation.clone());
    let mut queries = vec![("scan", vars())];
    let key = table.relation.keys.values().find(|key| key.primary);
    if let Some(key) = key {
        let conditions: Vec<String> = key
            .columns
            .iter()
            .map(|column| {
                let data_type =
                    table.relation.column(column).map_or("text", |column| column.data_type.as_str());
                format!("t.{column} = {}", sql(row.holds.get(column).and_then(Option::as_deref), data_type))
            })
            .collect();
        queries.push(("look-up", vars().sql("row", conditions.join(" AND "))));
    }
    let of_tenants =
        |name: &QualifiedName| scene.known.places.relations.get(name).is_some_and(Place::holds_tenants);
    let mut keys = table.relation.foreign_keys.values();
    if let Some(key) = keys.find(|key| of_tenants(&key.references) && key.references != *table.name) {
        let pairs = key.columns.iter().zip(&key.referenced_columns);
        let on: Vec<String> = pairs.map(|(own, other)| format!("t.{own} = p.{other}")).collect();
        let parent = key.references.to_string();
        queries.push(("join", vars().sql("parent", parent).sql("on", on.join(" AND "))));
    }
    let mut found = Vec::new();
    for (query, vars) in queries {
        let statement = render(named(PLANS, query), &vars)?;
        let text = format!("{}\n{statement}", named(PLANS, "settings"));
        let Shown::Rows { count: json, .. } = scene.seat.show(&scene.bound(Aim::Own), &text).await? else {
            continue;
        };
        let text = format!("{}\n{statement};\n{}", named(PLANS, "settings"), named(PLANS, "locks"));
        let locks = match scene.seat.show(&scene.bound(Aim::Own), &text).await? {
            Shown::Rows { count, .. } => count.parse().unwrap_or_default(),
            Shown::Refused(_) => 0,
        };
        let json: Value = serde_json::from_str(&json).unwrap_or_default();
        found.push(plan(scene.known, table, query, &json, locks, statement));
    }
    Ok(found)
}

fn plan(
    known: &Known<'_>,
    table: &Table<'_>,
    query: &'static str,
    json: &Value,
    locks: u64,
    sql: String,
) -> Plan {
    let mut nodes = Vec::new();
    walk(&json[0]["Plan"], &mut nodes);
    let partitions = known.catalog.partitions(table.name);
    let of_table = |node: &&Value| {
        let named = |name: &QualifiedName| {
            node["Relation Name"] == name.name().as_str()
                && node["Alias"].as_str().is_some_and(|of| of.starts_with('t'))
        };
        named(table.name) || partitions.iter().any(|name| named(name))
    };
    let scans: Vec<&Value> = nodes.iter().copied().filter(of_table).collect();
    let tenant = table.place.tenant_column().map(|column| &column.name);
    let mut remarks = Vec::new();
    for scan in &scans {
        for remark in remarks_on(table.relation, scan, tenant) {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
    }
    let leaves = partitions
        .iter()
        .filter(|name| known.catalog.relations.get(**name).is_some_and(|of| of.partition_key.is_none()))
        .count();
    let by_tenant = tenant
        .is_some_and(|tenant| table.relation.partition_key.as_ref().is_some_and(|key| names(key, tenant)));
    // Those that are pruned as it runs were locked and planned for all the same.
    let gone = scans.len();
    if by_tenant && leaves > 1 && gone > 1 {
        remarks.push(format!("a policy does not prune partitions: {gone} of {leaves} were planned for"));
    }
    let removed = nodes.iter().filter_map(|node| node["Rows Removed by Filter"].as_f64());
    Plan {
        object: table.name.plain(),
        query,
        remarks,
        planning_ms: json[0]["Planning Time"].as_f64().unwrap_or_default(),
        removed: whole(removed.sum()),
        locks,
        partitions: (leaves > 0).then_some((gone, leaves)),
        sql,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows, and no negative one"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

/// The nodes of a plan, those of what it computes first among them.
fn walk<'a>(node: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(node);
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, found);
    }
}

/// What is wrong with how one table is read.
fn remarks_on(relation: &Relation, scan: &Value, tenant: Option<&Ident>) -> Vec<String> {
    let text = |what: &str| scan[what].as_str().unwrap_or_default();
    let (condition, filter) = (format!("{}{}", text("Index Cond"), text("Recheck Cond")), text("Filter"));
    let mut remarks = Vec::new();
    if let Some(tenant) = tenant {
        // A bitmap's index is named by the node below.
        let mut below = Vec::new();
        walk(scan, &mut below);
        let is_used = |name: &Ident| below.iter().any(|node| node["Index Name"] == name.as_str());
        let used = relation.indexes.iter().find(|(name, _)| is_used(name)).map(|(_, index)| index);
        // An index that has the tenant in a later place is read from one end to the other.
        let by_tenant = names(&condition, tenant) && used.is_none_or(|index| index.leads_with(tenant));
        let by_row =
            relation.indexes.values().filter(|index| index.unique && !condition.is_empty()).any(|index| {
                index.columns().is_some_and(|columns| columns.iter().all(|column| names(&condition, column)))
            });
        if !by_tenant && !by_row {
            remarks.push(format!(
                "rows are not found by {}: {}",
                tenant.plain(),
                why(filter, relation, tenant)
            ));
        }
    }
    // What is computed once is written as a parameter; a call in a filter is one for each row.
    if filter.contains("current_setting(") || filter.contains(".tenant_id()") || filter.contains(".user_id()")
    {
        remarks.push("the tenant is asked for once for each row; put the call into a subselect".to_owned());
    }
    remarks
}

/// Why an index on the tenant is of no use.
fn why(filter: &str, relation: &Relation, tenant: &Ident) -> &'static str {
    let cast = format!("({})::", tenant.as_str());
    if !relation.indexes.values().any(|index| index.leads_with(tenant)) {
        "no index begins with it"
    } else if filter.contains(&cast) {
        "the policy casts the column"
    } else if filter.contains(" OR ") {
        "the policy says OR"
    } else {
        "the policy compares it by what an index does not know, or by what may leak"
    }
}
