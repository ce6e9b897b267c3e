//! What keys let through, which do not ask policies: references to another tenant's row, and values that it has.

use super::{Cast, Table};
use crate::catalog::{ForeignKey, Privilege};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::Place;
use crate::prove::attempt::OF_NEW_ROWS;
use crate::prove::judge::{judge_collision, judge_reference};
use crate::prove::report::{Aim, Cell, Verdict};
use crate::prove::row::Scene;
use crate::prove::seat::Answer;
use crate::prove::tenants::Who;
use crate::rule::{is_asked, tells_nothing};

impl Table<'_> {
    /// Whether a foreign key says which tenant is above which, which a tenant may choose.
    fn is_above(&self, scene: &Scene<'_>, key: &ForeignKey) -> bool {
        let tree = scene.known.manifest.tenancy.tenant_tree();
        tree.is_some_and(|tree| tree.table() == self.name && key.columns.iter().eq([tree.parent()]))
    }

    /// Whether rows of tenants refer by a foreign key to rows of tenants, and none of them says by it whose it is.
    pub(super) fn is_between(&self, scene: &Scene<'_>, name: &Ident, key: &ForeignKey) -> bool {
        let tenant = self.place.tenant_column().map(|column| &column.name);
        let parent = scene.known.places.relations.get(&key.references);
        let is_way = matches!(self.place, Place::Child { name: way, .. } if *way == name);
        let of_tenant = key.columns.len() == 1 && key.columns.first() == tenant;
        let says_whose = is_way || of_tenant || self.is_above(scene, key);
        !says_whose && !key.inherited && parent.is_some_and(Place::holds_tenants)
    }

    /// A row of one's own that refers to another's.
    pub(super) async fn references(
        &self,
        scene: &mut Scene<'_>,
        cast: &Cast,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let Some(new) = cast.values(Who::Own).filter(|_| self.granted.contains(&Privilege::Insert)) else {
            return Ok(());
        };
        let tenant = self.place.tenant_column().map(|column| &column.name);
        for (name, key) in &self.relation.foreign_keys {
            if !self.is_between(scene, name, key) {
                continue;
            }
            let attempt = format!("refer by {}", name.plain());
            let parent = match scene.another_row(&key.references, Who::Other).await {
                Ok(parent) => parent,
                Err(stop) => {
                    let reason = stop.reason()?;
                    let (sql, answer, verdict) = (String::new(), String::new(), Verdict::Unproved(reason));
                    cells.push(Cell { attempt, aim: Aim::Other, sql, answer, verdict });
                    continue;
                }
            };
            let mut values = new.clone();
            for (column, referenced) in key.columns.iter().zip(&key.referenced_columns) {
                if Some(column) != tenant {
                    values.insert(column.clone(), parent.holds.get(referenced).cloned().flatten());
                }
            }
            for of in OF_NEW_ROWS.iter().take(1) {
                let sql = self.sql(of, self.values(&values))?;
                // What waits for the commit is not waited for.
                let sql = if key.deferrable { format!("SET CONSTRAINTS ALL IMMEDIATE;\n{sql}") } else { sql };
                cells.push(self.cell(scene, &attempt, Aim::Other, &sql, of.reads, judge_reference).await?);
            }
        }
        Ok(())
    }

    /// A row of one's own with a value that another's has, which must be unique among one's own alone.
    pub(super) async fn collisions(
        &self,
        scene: &Scene<'_>,
        cast: &Cast,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let (Some(other), Some(new)) = (cast.row(Who::Other), cast.values(Who::Own)) else { return Ok(()) };
        if !self.granted.contains(&Privilege::Insert) {
            return Ok(());
        }
        for (name, index) in self.relation.indexes.iter().filter(|(_, index)| !index.inherited) {
            if !index.unique && !self.relation.exclusions.contains_key(name) {
                continue;
            }
            let Some(columns) = index.columns() else { continue };
            let of_key: Vec<Ident> = columns.iter().map(|column| (*column).clone()).collect();
            if self.is_bound(&of_key) || index.predicate.is_some() {
                continue;
            }
            let mut values = new.clone();
            for column in &columns {
                let holds = other.holds.get(*column).or_else(|| other.said.get(*column));
                values.insert((*column).clone(), holds.cloned().flatten());
            }
            let manifest = scene.known.manifest;
            let tells_nothing =
                tells_nothing(self.relation, name, index) || is_asked(manifest, self.name, index);
            for of in OF_NEW_ROWS.iter().take(1) {
                let sql = self.sql(of, self.values(&values))?;
                let attempt = format!("collide in {}", name.plain());
                let judged = |answer: &Answer| judge_collision(answer, tells_nothing);
                cells.push(self.cell(scene, &attempt, Aim::Other, &sql, of.reads, judged).await?);
            }
        }
        Ok(())
    }
}
