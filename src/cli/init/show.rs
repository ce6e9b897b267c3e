//! A proposal for people to read, and for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::output;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, count, paint, plain, wrap};
use crate::ident::{Ident, QualifiedName};
use crate::plan::{Choice, Proposal, Proposed, ProposedRole, Question, Suggestion, TenantColumn};
use crate::policy::manifest::{Class, Via};

/// The classes in the order in which people read them, and whose the rows are.
const CLASSES: [(&str, &str); 10] = [
    ("tenant", "the tenant's in the tenant column"),
    ("child", "the tenant's of the row that they refer to"),
    ("tree", "the tenant's and those of the tenants below it"),
    ("membership", "those of the tenants that the user is a member of"),
    ("shared", "everybody's"),
    ("deny", "nobody's"),
    ("partition", "with their tables"),
    ("view", "with the rights of who asks"),
    ("apart", "nothing of tenants is in them"),
    ("exempt", "not governed"),
];

/// How long names are at most when something stands beside them.
const WIDEST: usize = 48;

/// What was found, and what is to be done.
pub(super) fn report(proposal: &Proposal, name: &str, written: Option<&Path>) -> String {
    let mut text = format!("Found in {}\n\n{}", paint(BOLD, name), head(proposal));
    for (class, whose) in CLASSES {
        let of: Named<'_> =
            proposal.relations.iter().filter(|(_, proposed)| proposed.class() == class).collect();
        if !of.is_empty() {
            let title = paint(BOLD, format!("{} {class}:", of.len()));
            let _ = writeln!(text, "\n{title} {}\n{}", plain(whose), relations(&of));
        }
    }
    text += &undecided(proposal);
    if !proposal.problems.is_empty() {
        let title = format!("{} to settle:", count(proposal.problems.len(), "thing"));
        let _ = writeln!(text, "\n{}", paint(CARE.bold(), title));
        for problem in &proposal.problems {
            let _ = writeln!(text, "  {}", plain(&problem.what));
        }
    }
    text + &ending(proposal, written)
}

/// The tenant column, the roles and the schemas, each with its reason.
fn head(proposal: &Proposal) -> String {
    let roles = &proposal.roles;
    let role = |of: &ProposedRole| of.name.as_ref().map_or_else(|| "none".to_owned(), Ident::plain);
    let of_column = |column: &TenantColumn| format!("{} {}", column.name.plain(), column.tenant_type.sql());
    let column = proposal.column.as_ref();
    let schemas: Vec<String> = proposal.schemas.iter().map(Ident::plain).collect();
    let lines = [
        (
            "tenant column",
            column.map_or_else(|| "none".to_owned(), of_column),
            column.map_or("", |of| &of.reason),
        ),
        ("app", role(&roles.app), &roles.app.reason),
        ("owner", role(&roles.owner), &roles.owner.reason),
        ("migrator", role(&roles.migrator), &roles.migrator.reason),
        ("system", role(&roles.system), &roles.system.reason),
        ("schemas", schemas.join(", "), ""),
    ];
    let beside = lines.iter().filter(|(_, _, reason)| !reason.is_empty());
    let widths = beside.map(|(_, value, _)| plain(value).chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    let mut text = String::new();
    for (what, value, reason) in lines {
        let style = if value == "none" { DIM } else { NAME };
        let value = plain(value);
        let value = if reason.is_empty() { value } else { format!("{value:<width$}") };
        let line = format!("  {what:<13}  {}  {}", paint(style, value), plain(reason));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Relations, each with its reason.
fn relations(of: &[(&QualifiedName, &Proposed)]) -> String {
    let widths = of.iter().map(|(name, _)| plain(name.plain()).chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    let line = |(name, proposed): &(&QualifiedName, &Proposed)| {
        format!("  {}  {}", paint(NAME, format!("{:<width$}", plain(name.plain()))), plain(&proposed.reason))
    };
    of.iter().map(line).collect::<Vec<_>>().join("\n")
}

type Named<'a> = Vec<(&'a QualifiedName, &'a Proposed)>;

/// The relations that it takes a person to class, under their questions and the answers that there are.
fn undecided(proposal: &Proposal) -> String {
    let mut questions: Vec<(Question, &[Suggestion], Named<'_>)> = Vec::new();
    for (name, proposed) in proposal.undecided() {
        let Choice::Undecided { question, between } = &proposed.choice else { continue };
        match questions.iter_mut().find(|(known, answers, _)| known == question && answers == between) {
            Some((_, _, relations)) => relations.push((name, proposed)),
            None => questions.push((*question, between, vec![(name, proposed)])),
        }
    }
    questions.sort_by_key(|(question, _, _)| *question);
    let mut text = String::new();
    for (question, answers, of) in questions {
        let title = paint(CARE.bold(), format!("{} undecided:", of.len()));
        let _ = write!(text, "\n{title}\n{}", wrap(question.text(), "  "));
        let width = answers.iter().map(|answer| said(answer).chars().count()).max().unwrap_or_default();
        for answer in answers {
            let _ = writeln!(text, "    {:<width$}  {}", said(answer), paint(DIM, &answer.meaning));
        }
        let _ = writeln!(text, "{}", relations(&of));
    }
    text
}

/// An answer in a few words: `child via public.invoice`.
fn said(answer: &Suggestion) -> String {
    let mut text = answer.class.name().to_owned();
    if let Some(via) = via(&answer.class) {
        let _ = write!(text, " via {via}");
    }
    if let Some(column) = &answer.column {
        let _ = write!(text, " by {}", column.plain());
    }
    plain(text)
}

fn via(class: &Class) -> Option<String> {
    match class {
        Class::Child { via: Via::Table(table) } => Some(table.plain()),
        Class::Child { via: Via::Name(name) } => Some(name.plain()),
        _ => None,
    }
}

/// What was written, and what comes next.
fn ending(proposal: &Proposal, written: Option<&Path>) -> String {
    let undecided = proposal.undecided().count();
    let open = undecided + proposal.problems.len();
    let written = match written {
        Some(path) => format!("{} {}", paint(GOOD, "wrote"), plain(path.display())),
        None => format!("{} the manifest", paint(GOOD, "printed")),
    };
    let next = if open > 0 {
        format!("{} in it, then run tenantry plan", paint(CARE, format!("settle {}", count(open, "thing"))))
    } else {
        "next: tenantry plan shows the SQL that is missing".to_owned()
    };
    format!("\n{written}; {next}\n")
}

/// The same for programs.
pub(super) fn fields(proposal: &Proposal, written: Option<&Path>, manifest: &str) -> Value {
    let column = proposal.column.as_ref().map(|column| {
        json!({ "name": column.name.as_str(), "type": column.tenant_type.sql(), "reason": column.reason })
    });
    let role =
        |role: &ProposedRole| json!({ "name": role.name.as_ref().map(Ident::as_str), "reason": role.reason });
    let roles = &proposal.roles;
    let schemas: Vec<&str> = proposal.schemas.iter().map(Ident::as_str).collect();
    let candidates: Vec<String> = proposal.candidates.iter().map(ToString::to_string).collect();
    let relations: Vec<Value> = proposal.relations.iter().map(relation).collect();
    json!({
        "settled": proposal.is_settled(),
        "file": written.map(|path| path.display().to_string()),
        "column": column,
        "candidates": candidates,
        "roles": {
            "app": role(&roles.app),
            "owner": role(&roles.owner),
            "migrator": role(&roles.migrator),
            "system": role(&roles.system),
        },
        "schemas": schemas,
        "relations": relations,
        "problems": output::problems(&proposal.problems),
        "manifest": manifest,
    })
}

fn relation((name, proposed): (&QualifiedName, &Proposed)) -> Value {
    let entry = |class: &Class, column: Option<&str>| json!({ "class": class.name(), "via": via(class), "column": column });
    let column = proposed.column.as_ref().map(Ident::as_str);
    let mut fields = json!({ "name": name.plain(), "class": proposed.class(), "reason": proposed.reason });
    match &proposed.choice {
        Choice::Entry(class) => fields["entry"] = entry(class, column),
        Choice::Undecided { question, between } => {
            let answer = |of: &Suggestion| {
                let mut answer = entry(&of.class, of.column.as_ref().map(Ident::as_str));
                answer["meaning"] = of.meaning.as_str().into();
                answer
            };
            fields["question"] = question.text().into();
            fields["answers"] = between.iter().map(answer).collect();
        }
        Choice::Default(_) => {}
    }
    fields
}
