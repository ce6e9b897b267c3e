//! That each layer of policies keeps rows by itself: the restrictive ones whatever somebody opens, the permissive ones alone,
//! and both for the owner. Only on a copy of a schema, since it changes policies, and others would wait for its locks.

use super::{Cast, Table};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};
use crate::prove::attempt::{OF_NEW_ROWS, ON_ROWS, named};
use crate::prove::judge::judge;
use crate::prove::report::{Aim, Cell};
use crate::prove::row::Scene;
use crate::prove::seat::Answer;
use crate::prove::tenants::Who;

const LAYERS: &str = include_str!("../../../sql/prove/layers.sql");

/// A role that the transaction makes.
const GUEST: &str = "tenantry_guest";

/// A way to look at one layer alone.
struct Layer {
    name: &'static str,
    /// The SQL that takes the others away.
    sql: String,
    /// Who tries, if not the app role.
    role: Option<Ident>,
}

impl Table<'_> {
    /// Tries the other tenant's rows with one layer at a time, in the transaction that is open.
    pub(crate) async fn prove_layers(&self, scene: &mut Scene<'_>) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        // Made before there is a layer less, and kept for all.
        let cast = match self.cast(scene, &[(Aim::Own, Who::Own), (Aim::Other, Who::Other)]).await {
            Ok(cast) => cast,
            Err(stop) => return stop.reason().map(|_| cells),
        };
        for layer in self.layers(scene)? {
            scene.seat.prepare("SAVEPOINT tenantry_layer").await?;
            scene.seat.prepare(&layer.sql).await?;
            scene.role.clone_from(&layer.role);
            self.layer(scene, &cast, layer.name, &mut cells).await?;
            scene.role = None;
            scene.seat.prepare("ROLLBACK TO SAVEPOINT tenantry_layer").await?;
        }
        Ok(cells)
    }

    fn layers(&self, scene: &Scene<'_>) -> Result<Vec<Layer>> {
        let relation = self.name.to_string();
        let guest = Ident::known(GUEST);
        let (floors, doors): (Vec<_>, Vec<_>) =
            self.relation.policies.iter().partition(|(_, policy)| !policy.permissive);
        let mut layers = Vec::new();
        if !floors.is_empty() && !doors.is_empty() {
            let vars = Vars::default().sql("relation", relation.clone());
            let opened = render(named(LAYERS, "a policy for all"), &vars)?;
            let text = named(LAYERS, "a role with everything");
            let granted = render(text, &vars.clone().name("schema", self.name.schema()))?;
            layers.push(Layer { name: "floor", sql: opened.clone() + "\n" + &granted, role: Some(guest) });
            layers.push(Layer { name: "floor", sql: opened, role: None });
            let mut without = String::new();
            for (policy, _) in floors {
                without += &render(named(LAYERS, "without"), &vars.clone().name("policy", policy))?;
            }
            layers.push(Layer { name: "without floor", sql: without, role: None });
        }
        let owner = scene.known.catalog.roles.get(&self.relation.owner);
        let is_bound = owner.is_some_and(|owner| !owner.superuser && !owner.bypass_rls);
        if self.relation.force_row_security && is_bound {
            let role = Some(self.relation.owner.clone());
            layers.push(Layer { name: "owner", sql: String::new(), role });
        }
        Ok(layers)
    }

    async fn layer(
        &self,
        scene: &mut Scene<'_>,
        cast: &Cast,
        layer: &str,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let (Some(other), Some(own), Some(new)) =
            (cast.row(Who::Other), cast.row(Who::Own), cast.values(Who::Other))
        else {
            return Ok(());
        };
        // Whoever asks here may have less than the app role, and never more.
        let kept = |answer: &Answer| judge(Expected::Kept, answer);
        for (aim, row) in [(Aim::Other, other), (Aim::Empty, own)] {
            for attempt in ON_ROWS.iter().filter(|of| matches!(of.name, "select" | "update" | "delete")) {
                let sql = self.row_sql(scene, attempt, &row.predicate())?;
                let name = format!("{}, {layer}", attempt.name);
                cells.push(self.cell(scene, &name, aim, &sql, attempt.reads, kept).await?);
            }
        }
        let mut all = Vec::new();
        for aim in [Aim::Other, Aim::Empty] {
            self.on_all(scene, aim, &mut all).await?;
        }
        self.moves(scene, cast, &mut all).await?;
        cells.extend(
            all.into_iter().map(|cell| Cell { attempt: format!("{}, {layer}", cell.attempt), ..cell }),
        );
        for attempt in OF_NEW_ROWS.iter().take(1) {
            let sql = self.sql(attempt, self.values(new))?;
            let name = format!("{}, {layer}", attempt.name);
            cells.push(self.cell(scene, &name, Aim::Other, &sql, attempt.reads, kept).await?);
        }
        Ok(())
    }
}
