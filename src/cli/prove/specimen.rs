//! Proofs made by hand, for tests of what shows them.

use std::time::Duration;

use super::report::{Report, Unproved};
use crate::prove::{Aim, Cell, Plan, Proof, Subject, Verdict};

/// A name that markup, a terminal and a parser of XML would each take for something of theirs.
pub(super) const EVIL: &str = "public.\"<script>alert('&')</script>\u{1b}[2J\u{202e}\"";

fn cell(attempt: &str, aim: Aim, answer: &str, verdict: Verdict) -> Cell {
    let sql = "SELECT '<x> & y'\nFROM public.invoice;".to_owned();
    Cell { attempt: attempt.to_owned(), aim, sql, answer: answer.to_owned(), verdict }
}

fn subject(name: &str, kind: &'static str, place: &'static str, cells: Vec<Cell>) -> Subject {
    Subject { name: name.to_owned(), kind, place, apart: None, cells }
}

fn proof(subjects: Vec<Subject>) -> Proof {
    Proof {
        database: "erp".to_owned(),
        server: "18.6".to_owned(),
        app: "erp_app".to_owned(),
        seeder: Some("postgres".to_owned()),
        took: Duration::from_millis(1_400),
        subjects,
        plans: Vec::new(),
    }
}

/// What was looked at of one plan, with this against it.
pub(super) fn plan(remarks: &[&str]) -> Plan {
    Plan {
        object: "public.invoice".to_owned(),
        query: "scan",
        remarks: remarks.iter().map(ToString::to_string).collect(),
        planning_ms: 2.64,
        removed: 1,
        locks: 602,
        partitions: Some((300, 300)),
        sql: "SELECT 1".to_owned(),
    }
}

fn session() -> Subject {
    let log_in =
        Cell { sql: String::new(), ..cell("log in", Aim::Session, "as it should be", Verdict::Held) };
    subject("a session of erp_app", "session", "", vec![log_in])
}

/// Everything is as promised.
pub(super) fn held() -> Proof {
    let own = cell("select", Aim::Own, "1 row", Verdict::Held);
    let other = cell("select", Aim::Other, "0 rows", Verdict::Held);
    proof(vec![session(), subject("public.invoice", "table", "tenant", vec![own, other])])
}

/// Something of everything: forty attempts that leak alike, one each that is denied and that differs, two unproved, and a
/// subject that nothing was tried on.
pub(super) fn wrong() -> Proof {
    let mut invoice = vec![cell("select", Aim::Own, "1 row", Verdict::Held)];
    invoice.extend((0..40).map(|at| {
        cell(
            &format!("attempt {at}"),
            Aim::Other,
            if at % 2 == 0 { "1 row" } else { "12 rows" },
            Verdict::Leaked,
        )
    }));
    invoice.push(cell("insert", Aim::Own, "42501: permission denied for table invoice", Verdict::Denied));
    invoice.push(cell("select", Aim::Empty, "0 rows", Verdict::Differs));
    let lock = || Verdict::Unproved("somebody else holds a lock on it".to_owned());
    let evil = vec![
        cell("select", Aim::Own, "1 row", Verdict::Held),
        cell("refer by <b>", Aim::Other, "1 row\u{0}", Verdict::Leaked),
        cell("select", Aim::None, "2 rows", Verdict::Leaked),
        cell("select", Aim::Below, "1 row", Verdict::Held),
        cell("select", Aim::Nobodys, "1 row", Verdict::Held),
        cell("delete", Aim::Other, "55P03: canceling statement due to lock timeout", lock()),
        cell("update", Aim::Other, "55P03: canceling statement due to lock timeout", lock()),
    ];
    let quiet = vec![cell("select", Aim::Own, "1 row", Verdict::Held)];
    let ledger = Subject {
        apart: Some("the ledger of migrations".to_owned()),
        ..subject("public.ledger", "table", "exempt", Vec::new())
    };
    proof(vec![
        session(),
        subject("public.invoice", "table", "tenant", invoice),
        subject(EVIL, "view", "view", evil),
        subject(
            "public.a_name_that_takes_more_room_than_there_is_beside_columns",
            "partition",
            "partition",
            quiet,
        ),
        subject("public.unfilled", "table", "child", Vec::new()),
        ledger,
    ])
}

pub(super) fn report(proof: &Proof, unproved: Unproved) -> Report<'_> {
    Report { proof, time: "2026-01-31T23:59:59Z", manifest: "tenantry.toml", digest: "0123abcd", unproved }
}

/// What is written in pieces, as one text.
pub(super) fn written(write: impl Fn(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Fails unless every element is closed in its turn, and every character is one that XML 1.0 allows. Void elements of HTML
/// count as closed.
#[track_caller]
pub(super) fn well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let forbidden = |c: char| (c.is_control() && c != '\n') || c == '\u{fffe}' || c == '\u{ffff}';
    assert!(!text.contains(forbidden), "a character that is forbidden: {text}");
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a > that closes nothing before {}", &rest[at..]);
        let end = at + rest[at..].find('>').unwrap_or_else(|| panic!("no end of {rest}"));
        let tag = &rest[at + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        assert!(!tag.contains('<'), "<{tag}>");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !tag.starts_with(['?', '!']) && !tag.ends_with('/') && !matches!(name, "meta" | "br") {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert_eq!(open, Vec::<&str>::new());
    for entity in text.split('&').skip(1) {
        let name = entity.split(';').next().unwrap_or_default();
        let known = matches!(name, "amp" | "lt" | "gt" | "quot") || name.starts_with('#');
        assert!(known, "&{name};");
    }
}
