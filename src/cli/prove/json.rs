//! A proof for programs.

use serde_json::{Value, json};

use super::report::Report;
use crate::prove::{Cell, NOT_TRIED, Proof, Subject, Verdict};

pub(super) fn fields(report: &Report<'_>) -> Value {
    let Proof { database, server, app, seeder, took, subjects, plans } = report.proof;
    let tally = report.tally();
    let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "passes": report.passes(),
        "database": named(database),
        "server": named(server),
        "app": app,
        "seeder": seeder,
        "time": report.time,
        "seconds": took.as_secs_f64(),
        "tenantry": env!("CARGO_PKG_VERSION"),
        "manifest": { "file": report.manifest, "sha256": report.digest },
        "summary": {
            "attempts": tally.all(),
            "held": tally.held,
            "leaked": tally.leaked,
            "denied": tally.denied,
            "differs": tally.differs,
            "unproved": tally.unproved,
            "untried": report.untried().count(),
        },
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
        "plans": plans.iter().map(super::plans::fields).collect::<Vec<_>>(),
        "not_tried": NOT_TRIED.map(|(what, why)| json!({ "what": what, "why": why })),
        "problems": [],
    })
}

fn subject(subject: &Subject) -> Value {
    json!({
        "name": subject.name,
        "kind": subject.kind,
        "place": Some(subject.place).filter(|place| !place.is_empty()),
        "apart": subject.apart,
        "cells": subject.cells.iter().map(cell).collect::<Vec<_>>(),
    })
}

fn cell(cell: &Cell) -> Value {
    let reason = match &cell.verdict {
        Verdict::Unproved(reason) => Some(reason),
        _ => None,
    };
    json!({
        "attempt": cell.attempt,
        "aim": cell.aim.name(),
        "sql": Some(&cell.sql).filter(|sql| !sql.is_empty()),
        "answer": cell.answer,
        "verdict": cell.verdict.name(),
        "reason": reason,
    })
}

#[cfg(test)]
mod tests {
    use super::fields;
    use crate::cli::prove::report::Unproved;
    use crate::cli::prove::specimen;

    #[test]
    fn everything_is_in_it() {
        let proof = specimen::wrong();
        let fields = fields(&specimen::report(&proof, Unproved::Fails));
        assert_eq!(fields["passes"], false);
        let summary = &fields["summary"];
        for (word, number) in [("attempts", 52), ("held", 6), ("leaked", 42), ("denied", 1), ("differs", 1)] {
            assert_eq!(summary[word], number, "{word}");
        }
        assert_eq!((&summary["unproved"], &summary["untried"]), (&2.into(), &1.into()));
        let subjects = fields["subjects"].as_array().unwrap();
        assert_eq!(subjects.len(), proof.subjects.len());
        let cells = subjects.iter().map(|subject| subject["cells"].as_array().unwrap().len());
        assert_eq!(cells.sum::<usize>(), 52);
        let cell = &subjects[1]["cells"][1];
        assert_eq!((&cell["verdict"], &cell["aim"]), (&"leaked".into(), &"other".into()), "{cell}");
        assert_eq!(cell["sql"], proof.subjects[1].cells[1].sql);
        assert_eq!(fields["not_tried"].as_array().unwrap().len(), crate::prove::NOT_TRIED.len());
        let reasons = subjects.iter().flat_map(|subject| subject["cells"].as_array().unwrap());
        assert_eq!(reasons.filter(|cell| cell["reason"].is_string()).count(), 2);
    }
}
