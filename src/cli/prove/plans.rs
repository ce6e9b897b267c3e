//! The plans of a proof, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::report::Report;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{CARE, DIM, GOOD, NAME, block, count, paint};
use crate::prove::Plan;

/// What is wrong with plans, each with what it costs; one line where nothing is.
pub(super) fn text(report: &Report<'_>, width: Width) -> String {
    let plans = &report.proof.plans;
    if plans.is_empty() {
        return String::new();
    }
    let slow: Vec<&Plan> = report.proof.slow().collect();
    if slow.is_empty() {
        let said = format!(
            "{} looked at: rows are found by the tenant, which is asked for once",
            count(plans.len(), "plan")
        );
        return width.wrap_in(0, GOOD, said);
    }
    let title = format!("{} of {} not as they should be", slow.len(), count(plans.len(), "plan"));
    let mut text = format!("{}\n", paint(CARE.bold(), title));
    for plan in slow {
        let name = Cell::new(NAME, format!("{}, {}", plan.object, plan.query));
        text.push_str(&width.rows(2, &[Row::new(name, Cell::new(DIM, cost(plan)))]));
        for remark in &plan.remarks {
            text.push_str(&width.wrap(4, remark));
        }
        for line in block(&plan.sql).lines() {
            let _ = writeln!(text, "        {line}");
        }
    }
    text
}

/// What a plan costs beside the rows that it is for.
fn cost(plan: &Plan) -> String {
    let partitions = match plan.partitions {
        Some((gone_to, of)) => format!(", {gone_to} of {}", count(of, "partition")),
        None => String::new(),
    };
    format!(
        "planned in {:.1} ms, {}, {} thrown away{partitions}",
        plan.planning_ms,
        count(usize::try_from(plan.locks).unwrap_or(usize::MAX), "lock"),
        count(usize::try_from(plan.removed).unwrap_or(usize::MAX), "row"),
    )
}

pub(super) fn fields(plan: &Plan) -> Value {
    json!({
        "object": plan.object,
        "query": plan.query,
        "remarks": plan.remarks,
        "planning_ms": plan.planning_ms,
        "removed": plan.removed,
        "locks": plan.locks,
        "partitions": plan.partitions.map(|(gone_to, of)| json!({ "planned": gone_to, "all": of })),
        "sql": plan.sql,
    })
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::cli::output::layout::Width;
    use crate::cli::prove::report::Unproved;
    use crate::cli::prove::specimen;
    use crate::prove::Proof;

    #[test]
    fn a_plan_is_named_with_what_is_wrong_and_what_it_costs() {
        let mut proof = specimen::held();
        let shown = |proof: &Proof| {
            let text = text(&specimen::report(proof, Unproved::Fails), Width::of(100));
            anstream::adapter::strip_str(&text).to_string()
        };
        assert_eq!(shown(&proof), "");
        proof.plans = vec![specimen::plan(&[])];
        assert_eq!(
            shown(&proof),
            "1 plan looked at: rows are found by the tenant, which is asked for once\n"
        );
        proof.plans.push(specimen::plan(&["the policy casts the column"]));
        assert_eq!(
            shown(&proof),
            "1 of 2 plans not as they should be\n  public.invoice, scan  planned in 2.6 ms, 602 locks, 1 row thrown away, \
             300 of 300 partitions\n    the policy casts the column\n        SELECT 1\n"
        );
    }
}
