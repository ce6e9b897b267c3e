//! The plans that a tenant's statements got, where they were looked at.

use std::fmt::Write as _;

use super::name;
use crate::cli::output::style::{block, count, plain};
use crate::markup::escaped;
use crate::prove::{Plan, Proof};

/// Each plan with what it costs; those that are not as they should be come first, with their statements.
pub(super) fn section(proof: &Proof) -> String {
    let (slow, fast): (Vec<&Plan>, Vec<&Plan>) =
        proof.plans.iter().partition(|plan| !plan.remarks.is_empty());
    let all = proof.plans.len();
    let said = match slow.len() {
        _ if all == 0 => return String::new(),
        0 => format!(
            "{} looked at: rows are found by the tenant, which is asked for once.",
            count(all, "plan")
        ),
        slow => format!("{slow} of {} not as they should be.", count(all, "plan")),
    };
    let mut text = format!(
        "<h2>Plans of a tenant&#39;s statements</h2>\n<p>{said}</p>\n<table>\n<thead><tr><th>table</th><th>statement</th>\
         <th>outcome</th><th>planned in</th><th>locks</th><th>rows thrown away</th><th>partitions</th></tr></thead>\n<tbody>\n"
    );
    for plan in slow.into_iter().chain(fast) {
        let partitions = match plan.partitions {
            Some((gone_to, of)) => format!("{gone_to} of {of}"),
            None => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{:.1} ms</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{partitions}</td></tr>",
            name(&plan.object),
            statement(plan),
            outcome(plan),
            plan.planning_ms,
            plan.locks,
            plan.removed,
        );
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

fn statement(plan: &Plan) -> String {
    let open = if plan.remarks.is_empty() { "" } else { " open" };
    let sql = escaped(&block(&plan.sql));
    format!("<details{open}><summary>{}</summary><pre><code>{sql}</code></pre></details>", plan.query)
}

fn outcome(plan: &Plan) -> String {
    if plan.remarks.is_empty() {
        return "✓ as it should be".to_owned();
    }
    let remarks: Vec<String> =
        plan.remarks.iter().map(|remark| format!("✗ {}", escaped(&plain(remark)))).collect();
    remarks.join("<br>")
}
