//! Rows that are there already, where none can be made: one of each of two tenants, which are bound instead of those made up.
//!
//! What they hold is not read, so that no report shows it: they are told by where they lie, and are read, changed and deleted like
//! those that were made. What takes values, such as an INSERT, is not tried.

use super::{Cast, Table};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::Place;
use crate::policy::render::{Vars, render};
use crate::prove::attempt::text;
use crate::prove::made::{Row, Values};
use crate::prove::report::Aim;
use crate::prove::row::Scene;
use crate::prove::seat::{Binding, Seeded};
use crate::prove::tenants::Who;
use crate::prove::value::sql;

impl Table<'_> {
    /// Such rows, with their tenants bound from now on; none where there are not enough tenants, or nobody can look for them.
    pub(super) async fn taken(&self, scene: &mut Scene<'_>, aims: &[(Aim, Who)]) -> Result<Option<Cast>> {
        let (Place::Tenant { column, .. } | Place::SharedRows { column }) = self.place else {
            return Ok(None);
        };
        if !scene.seat.has_seeder() {
            return Ok(None);
        }
        let Some([own, other]) = self.two_tenants(scene, &column.name).await? else { return Ok(None) };
        let needs_other = aims.iter().any(|(_, who)| *who == Who::Other);
        if needs_other && own == other {
            return Ok(None);
        }
        scene.be_between(own, other);
        let mut rows = Vec::new();
        for (_, who) in aims {
            if rows.iter().any(|(known, _)| known == who) {
                continue;
            }
            let tenant = scene.tenants.tenant(*who);
            let whose = match &tenant {
                Some(tenant) => format!("t.{} = {}", column.name, sql(Some(tenant), &column.data_type)),
                None => format!("t.{} IS NULL", column.name),
            };
            let vars = Vars::default().sql("relation", self.name.to_string()).sql("row", whose);
            let Some([Some(table), Some(ctid)]) = look(scene, "a row that is there", &vars).await? else {
                // A row of nobody's may not be there, and those of tenants are tried all the same.
                continue;
            };
            let said = Values::from([(column.name.clone(), tenant)]);
            let (free, holds) = Default::default();
            rows.push((*who, Row { table, ctid, said, free, holds }));
        }
        Ok((!rows.is_empty()).then_some(Cast { rows, new: Vec::new() }))
    }

    /// The first tenant and the last, which an index tells at once.
    async fn two_tenants(&self, scene: &Scene<'_>, column: &Ident) -> Result<Option<[String; 2]>> {
        let vars = Vars::default().sql("relation", self.name.to_string()).sql("column", column.to_string());
        Ok(match look(scene, "tenants that are there", &vars).await? {
            Some([Some(first), Some(last)]) => Some([first, last]),
            _ => None,
        })
    }
}

/// The first row of a query of whoever makes rows.
async fn look<const COLUMNS: usize>(
    scene: &Scene<'_>,
    query: &str,
    vars: &Vars<'_>,
) -> Result<Option<[Option<String>; COLUMNS]>> {
    let sql = render(text(query), vars)?;
    Ok(match scene.seat.seed(&Binding::default(), &sql).await? {
        Seeded::Row(row) => row.try_into().ok(),
        Seeded::Refused(_) => None,
    })
}
