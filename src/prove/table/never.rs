//! A session in which no tenant was ever bound, where nobody but the app role makes rows: it can make none there.
//!
//! What is there already is looked for, and a row is added that a tenant has made elsewhere. That nothing is found shows nothing,
//! since nothing may be there, and is left out.

use super::{Cast, Table};
use crate::error::Result;
use crate::policy::matrix::Division;
use crate::prove::attempt::ON_ROWS;
use crate::prove::made::Values;
use crate::prove::report::{Aim, Cell};
use crate::prove::row::Scene;
use crate::prove::seat::Answer;
use crate::prove::tenants::Who;

impl Table<'_> {
    /// Tries what needs no row, and adds one with these values.
    pub(crate) async fn prove_unmade(
        &self,
        scene: &mut Scene<'_>,
        values: Option<&Values>,
    ) -> Result<Vec<Cell>> {
        let mut asked = Vec::new();
        if self.division != Division::Nobody {
            // A row is enough, and all of them may be many.
            for attempt in ON_ROWS.iter().filter(|of| of.name == "subquery") {
                asked.push(self.asked_on_row(scene, attempt, Aim::None, "true").await?);
            }
            asked.extend(self.asked_on_all(scene, Aim::None).await?);
        }
        let shows = |(_, answer): &(Cell, Answer)| *answer != Answer::Rows(0);
        let mut cells: Vec<Cell> = asked.into_iter().filter(shows).map(|(cell, _)| cell).collect();
        if let Some(values) = values {
            let cast = Cast { rows: Vec::new(), new: vec![(Who::Own, values.clone())] };
            self.of_new_rows(scene, &cast, Aim::None, Who::Own, &mut cells).await?;
        }
        Ok(cells)
    }
}
