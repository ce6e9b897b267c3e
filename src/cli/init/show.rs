//! A proposal for people to read, and for programs.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::output;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, PLAIN, count, paint};
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
    ("view", "those that its reader may see"),
    ("apart", "nothing of tenants is in them"),
    ("exempt", "not governed"),
];

/// What was found, and what is to be done.
pub(super) fn report(proposal: &Proposal, name: &str, written: Option<&Path>, width: Width) -> String {
    let mut text = format!("Found in {}\n\n{}", paint(BOLD, name), head(proposal, width));
    for (class, whose) in CLASSES {
        let of: Named<'_> =
            proposal.relations.iter().filter(|(_, proposed)| proposed.class() == class).collect();
        if !of.is_empty() {
            let title = paint(BOLD, format!("{} {class}:", of.len()));
            let _ = write!(text, "\n{title} {whose}\n{}", relations(&of, width));
        }
    }
    text += &undecided(proposal, width);
    if !proposal.problems.is_empty() {
        let title = format!("{} to settle:", count(proposal.problems.len(), "thing"));
        let _ = writeln!(text, "\n{}", paint(CARE.bold(), title));
        for problem in &proposal.problems {
            let _ = writeln!(text, "  {}", width.hang(2, 4, PLAIN, &problem.what));
        }
    }
    text + &adoptions(proposal, width) + &ending(proposal, written, width)
}

/// How tables without the tenant column get it.
fn adoptions(proposal: &Proposal, width: Width) -> String {
    let Some(column) = proposal.column.as_ref().filter(|_| !proposal.adoptions.is_empty()) else {
        return String::new();
    };
    let mut text = format!("\n{}\n", paint(BOLD, "To give tables their tenants:"));
    text += &width.wrap(2, proposal.adoption_hint(column));
    for run in &proposal.adoptions {
        // A command is copied as a whole.
        let _ = writeln!(text, "    {}", paint(NAME, run));
    }
    text
}

/// Where the values of the head stand, behind what each is.
const BEFORE: usize = 17;

/// The tenant column, the roles and the schemas, each with its reason.
fn head(proposal: &Proposal, width: Width) -> String {
    let (roles, migrations) = (&proposal.roles, &proposal.migrations);
    let role = |of: &ProposedRole| of.name.as_ref().map_or_else(|| "none".to_owned(), Ident::plain);
    let of_column = |column: &TenantColumn| format!("{} {}", column.name.plain(), column.tenant_type.sql());
    let column = proposal.column.as_ref();
    let migrations_reason = match migrations.unbound {
        Some(why) => format!("{}; {why}", migrations.role.reason),
        None => migrations.role.reason.clone(),
    };
    let schemas: Vec<String> = proposal.schemas.iter().map(Ident::plain).collect();
    let (setting, setting_reason) = match &proposal.setting {
        Some(setting) => (setting.as_str().to_owned(), "as --setting says, or policies read it"),
        None => ("app.tenant_id".to_owned(), "no policy reads one; this is the default"),
    };
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
        ("migrations", role(&migrations.role), &migrations_reason),
        ("setting", setting, setting_reason),
        ("schemas", schemas.join(", "), ""),
    ];
    let row = |value: &str, reason: &str| {
        let style = if value == "none" { DIM } else { NAME };
        Row::new(Cell::new(style, value), Cell::of(reason))
    };
    let rows: Vec<Row> = lines.iter().map(|(_, value, reason)| row(value, reason)).collect();
    let column = width.column(BEFORE, &rows);
    let mut text = String::new();
    for (what, value, reason) in lines {
        let rows = width.rows_at(column, BEFORE, &[row(&value, reason)]);
        let _ = write!(text, "  {what:<13}  {}", rows.trim_start());
    }
    text
}

/// Relations, each with its reason.
fn relations(of: &[(&QualifiedName, &Proposed)], width: Width) -> String {
    let row = |(name, proposed): &(&QualifiedName, &Proposed)| {
        Row::new(Cell::new(NAME, name.plain()), Cell::of(&proposed.reason))
    };
    width.rows(2, &of.iter().map(row).collect::<Vec<_>>())
}

type Named<'a> = Vec<(&'a QualifiedName, &'a Proposed)>;

/// The relations that it takes a person to class, under their questions and the answers that there are.
fn undecided(proposal: &Proposal, width: Width) -> String {
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
        let _ = write!(text, "\n{title}\n{}", width.wrap(2, question.text()));
        let row = |answer: &Suggestion| Row::new(Cell::of(said(answer)), Cell::new(DIM, &answer.meaning));
        text += &width.rows(4, &answers.iter().map(row).collect::<Vec<_>>());
        text += &relations(&of, width);
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
    text
}

fn via(class: &Class) -> Option<String> {
    match class {
        Class::Child { via: Via::Table(table) } => Some(table.plain()),
        Class::Child { via: Via::Name(name) } => Some(name.plain()),
        _ => None,
    }
}

/// What was written, and what comes next.
fn ending(proposal: &Proposal, written: Option<&Path>, width: Width) -> String {
    let undecided = proposal.undecided().count();
    let open = undecided + proposal.problems.len();
    let (done, what) = match written {
        Some(path) => ("wrote", path.display().to_string()),
        None => ("printed", "the manifest".to_owned()),
    };
    let next = if open > 0 {
        let adopt =
            if proposal.adoptions.is_empty() { "" } else { "tenantry adopt for new tenant tables, and " };
        format!("settle {} in it, then run {adopt}tenantry plan", count(open, "thing"))
    } else {
        "next: tenantry plan shows the SQL that is missing".to_owned()
    };
    let said = width.hang(done.len() + 1, 2, PLAIN, format!("{what}; {next}"));
    format!("\n{} {said}\n", paint(GOOD, done))
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
        "migrations": {
            "role": proposal.migrations.role.name.as_ref().map(Ident::as_str),
            "bypass_rls": proposal.migrations.unbound.is_some(),
            "reason": proposal.migrations.role.reason,
        },
        "setting": proposal.setting.as_ref().map_or("app.tenant_id", |setting| setting.as_str()),
        "schemas": schemas,
        "relations": relations,
        "adopt": proposal.adoptions.iter().map(ToString::to_string).collect::<Vec<_>>(),
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
