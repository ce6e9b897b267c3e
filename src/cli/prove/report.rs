//! What every form of the report is made from.

use std::collections::BTreeMap;

use crate::prove::{Aim, Cell, Proof, Subject, Verdict};

/// A proof, and what is to be known about it.
pub(super) struct Report<'a> {
    pub(super) proof: &'a Proof,
    /// When it was begun, in UTC, as ISO 8601 has it.
    pub(super) time: &'a str,
    /// The file of the manifest.
    pub(super) manifest: &'a str,
    /// The SHA-256 of that file, in hexadecimal digits.
    pub(super) digest: &'a str,
    /// What is thought of attempts that have shown nothing.
    pub(super) unproved: Unproved,
}

/// Whether attempts that have shown nothing may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unproved {
    Fails,
    Passes,
}

/// How many attempts have come to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) held: usize,
    pub(super) leaked: usize,
    pub(super) denied: usize,
    pub(super) differs: usize,
    pub(super) unproved: usize,
}

/// What a word of the report means, the worst first.
pub(super) const MEANINGS: [(&str, &str); 5] = [
    ("leaked", "the app role reached what the manifest keeps from it, such as a row of another tenant"),
    ("denied", "the app role did not reach what it is to reach, such as its tenant's own row"),
    (
        "differs",
        "nothing was reached, but not in the way that the manifest promises, such as no rows where an error is to say that no \
         tenant is bound",
    ),
    ("unproved", "the attempt showed nothing: neither that a promise holds nor that it is broken"),
    ("held", "the answer is the one that the manifest promises"),
];

/// A column of the matrix: a title, and the aims below it.
pub(super) type Column = (&'static str, &'static [Aim]);

/// Whose rows are tried for, in the order in which people ask.
pub(super) const COLUMNS: [Column; 5] = [
    ("own", &[Aim::Own]),
    ("other", &[Aim::Other]),
    ("below", &[Aim::Below]),
    ("nobody's", &[Aim::Nobodys]),
    ("none", &[Aim::Empty, Aim::None]),
];

/// Whose row an attempt was on, in words.
pub(super) fn aimed(aim: Aim) -> &'static str {
    match aim {
        Aim::Own => "on a row of its own tenant",
        Aim::Other => "on a row of another tenant",
        Aim::Below => "on a row of a tenant below",
        Aim::Nobodys => "on a row of no tenant",
        Aim::Empty => "with an empty tenant bound",
        Aim::None => "with no tenant bound",
        Aim::Session => "in a session",
    }
}

/// How much it matters where an attempt leaks: the least number is that of the worst.
pub(super) fn weight(aim: Aim) -> usize {
    match aim {
        Aim::Other => 0,
        Aim::None => 1,
        Aim::Empty => 2,
        Aim::Nobodys => 3,
        Aim::Below => 4,
        Aim::Own => 5,
        Aim::Session => 6,
    }
}

/// The aims of attempts, the worst first.
pub(super) fn by_weight(cells: &[&Cell]) -> Vec<Aim> {
    let mut aims: Vec<Aim> = cells.iter().map(|cell| cell.aim).collect();
    aims.sort_by_key(|aim| weight(*aim));
    aims.dedup();
    aims
}

impl Tally {
    pub(super) fn of<'c>(cells: impl IntoIterator<Item = &'c Cell>) -> Self {
        let mut tally = Self::default();
        for cell in cells {
            *match cell.verdict {
                Verdict::Held => &mut tally.held,
                Verdict::Leaked => &mut tally.leaked,
                Verdict::Denied => &mut tally.denied,
                Verdict::Differs => &mut tally.differs,
                Verdict::Unproved(_) => &mut tally.unproved,
            } += 1;
        }
        tally
    }

    pub(super) fn of_column(subject: &Subject, (_, aims): Column) -> Self {
        Self::of(subject.cells.iter().filter(|cell| aims.contains(&cell.aim)))
    }

    pub(super) fn all(self) -> usize {
        self.held + self.red() + self.unproved
    }

    pub(super) fn red(self) -> usize {
        self.leaked + self.denied + self.differs
    }

    /// What is not as promised, and of how many: `3 leaked, 1 unproved of 31`; where all is, their number.
    pub(super) fn said(self) -> String {
        let all = self.all();
        let wrong = self.wrong();
        match wrong.as_slice() {
            [] => all.to_string(),
            [(number, word)] if *number == all => format!("{number} {word}"),
            wrong => {
                let words: Vec<String> =
                    wrong.iter().map(|(number, word)| format!("{number} {word}")).collect();
                format!("{} of {all}", words.join(", "))
            }
        }
    }

    /// What is not as promised, each with its number.
    pub(super) fn wrong(self) -> Vec<(usize, &'static str)> {
        let all = [
            (self.leaked, "leaked"),
            (self.denied, "denied"),
            (self.differs, "differs"),
            (self.unproved, "unproved"),
        ];
        all.into_iter().filter(|(number, _)| *number > 0).collect()
    }
}

impl<'a> Group<'a> {
    /// The attempt to show for all of them.
    pub(super) fn example(&self) -> Option<&'a Cell> {
        let first = |aim| self.cells.iter().find(|cell| cell.aim == aim && !cell.sql.is_empty()).copied();
        by_weight(&self.cells).into_iter().find_map(first)
    }
}

impl<'a> Report<'a> {
    pub(super) fn tally(&self) -> Tally {
        Tally::of(self.proof.subjects.iter().flat_map(|subject| &subject.cells))
    }

    /// Whether somebody has to do something about it.
    pub(super) fn passes(&self) -> bool {
        let tally = self.tally();
        let shown = tally.unproved == 0 && self.untried().next().is_none();
        let fast = self.proof.slow().next().is_none();
        tally.red() == 0 && fast && (shown || self.unproved == Unproved::Passes)
    }

    /// What something is promised of and nothing was tried on: nothing is shown of it.
    pub(super) fn untried(&self) -> impl Iterator<Item = &'a Subject> {
        self.proof.subjects.iter().filter(|subject| subject.apart.is_none() && subject.cells.is_empty())
    }

    /// What was not shown and why: each reason with the subjects, and how many attempts on each.
    pub(super) fn reasons(&self) -> BTreeMap<&'a str, BTreeMap<&'a str, usize>> {
        let mut reasons: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (subject, _, reason) in self.proof.unproved() {
            *reasons.entry(reason).or_default().entry(&subject.name).or_default() += 1;
        }
        for subject in self.untried() {
            reasons.entry("nothing was tried on it").or_default().insert(&subject.name, 0);
        }
        reasons
    }

    /// What nothing is promised of: each reason with the subjects.
    pub(super) fn apart(&self) -> BTreeMap<&'a str, Vec<&'a Subject>> {
        let mut reasons: BTreeMap<&str, Vec<&Subject>> = BTreeMap::new();
        for subject in &self.proof.subjects {
            if let Some(reason) = &subject.apart {
                reasons.entry(reason).or_default().push(subject);
            }
        }
        reasons
    }

    /// The columns that some subject has attempts in.
    pub(super) fn columns(&self) -> Vec<Column> {
        let has = |(_, aims): &Column| self.proof.cells().any(|(_, cell)| aims.contains(&cell.aim));
        COLUMNS.into_iter().filter(has).collect()
    }

    /// In one sentence.
    pub(super) fn summary(&self) -> String {
        let tally = self.tally();
        let all = tally.all();
        let untried = self.untried().count();
        let allowed = match self.unproved {
            Unproved::Passes => ", which --allow-unproved lets pass",
            Unproved::Fails => "",
        };
        let by = tally.wrong().into_iter().filter(|(_, word)| *word != "unproved");
        let by: Vec<String> = by.map(|(number, word)| format!("{number} {word}")).collect();
        let mut parts = Vec::new();
        if tally.red() > 0 {
            parts.push(format!("{} of {all} promises broken ({})", tally.red(), by.join(", ")));
        } else if tally.held == all {
            parts.push(format!("all {all} promises held"));
        } else {
            parts.push(format!("{} of {all} promises held", tally.held));
        }
        let mut open = Vec::new();
        if tally.unproved > 0 {
            open.push(format!("{} unproved", tally.unproved));
        }
        if untried > 0 {
            open.push(format!("{untried} not tried at all"));
        }
        if !open.is_empty() {
            parts.push(format!("{}{allowed}", open.join(" and ")));
        }
        parts.join("; ")
    }
}

/// Attempts on one subject that have come to the same.
pub(super) struct Group<'a> {
    pub(super) verdict: &'a Verdict,
    /// The answers: numbers of rows are taken for equal.
    pub(super) answer: String,
    pub(super) cells: Vec<&'a Cell>,
}

/// The red attempts of a subject, those alike together.
pub(super) fn grouped(subject: &Subject) -> Vec<Group<'_>> {
    let mut groups: Vec<(Option<(u64, u64)>, Group<'_>)> = Vec::new();
    for cell in subject.cells.iter().filter(|cell| cell.verdict.is_red()) {
        let rows = rows(&cell.answer);
        let alike = |(range, group): &&mut (Option<(u64, u64)>, Group<'_>)| {
            *group.verdict == cell.verdict
                && (range.is_some() && rows.is_some() || range.is_none() && group.answer == cell.answer)
        };
        if let Some((range, group)) = groups.iter_mut().find(alike) {
            if let (Some((least, most)), Some(rows)) = (range.as_mut(), rows) {
                (*least, *most) = ((*least).min(rows), (*most).max(rows));
            }
            group.cells.push(cell);
        } else {
            let group = Group { verdict: &cell.verdict, answer: cell.answer.clone(), cells: vec![cell] };
            groups.push((rows.map(|rows| (rows, rows)), group));
        }
    }
    let mut finished = Vec::new();
    for (range, mut group) in groups {
        if let Some((least, most)) = range.filter(|(least, most)| least != most) {
            group.answer = format!("{least} to {most} rows");
        }
        finished.push(group);
    }
    finished
}

/// The number of rows that an answer is.
fn rows(answer: &str) -> Option<u64> {
    let (number, word) = answer.split_once(' ')?;
    matches!(word, "row" | "rows").then(|| number.parse().ok())?
}
