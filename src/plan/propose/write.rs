//! A proposal as the text of a `tenantry.toml`, for people to read and to edit.

mod layout;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use toml_edit::Key;

use self::layout::{Line, aligned, comment, line, list, ragged};
use super::{
    Choice, Proposal, Proposed, ProposedMembership, ProposedMigrations, ProposedRole, ProposedSeal, Question,
    Suggestion, TenantColumn, count,
};
use crate::catalog::Privilege;
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Class, Via};

/// The relations that share the answers to their question.
type Bucket<'a> = (&'a [Suggestion], Vec<(&'a QualifiedName, &'a Proposed)>);

impl Proposal {
    /// The text of a `tenantry.toml`.
    ///
    /// [`Manifest::parse`](crate::policy::manifest::Manifest::parse) reads it back, unless something is to be settled: it
    /// stands there as class `undecided`, with the answers that there are, or as a field that is left out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut sections =
            vec![self.head(), self.tenancy(), self.roles(), self.migrations(), self.governed()];
        sections.extend(self.seal.as_ref().map(seal));
        sections.extend(self.membership.as_ref().map(membership));
        sections.push(self.tables());
        sections.join("\n")
    }

    fn head(&self) -> String {
        let mut text = comment(
            "How this database is divided among tenants: proposed by tenantry init, to be read, settled and kept with \
             the migrations. A relation that no line here and no default settles is an error.",
        );
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for proposed in self.relations.values() {
            *counts.entry(proposed.class()).or_default() += 1;
        }
        if !counts.is_empty() {
            let counts: Vec<String> =
                counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
            let all = count(self.relations.len(), "relation");
            let _ = write!(text, "#\n{}", comment(&format!("{all}: {}.", counts.join(", "))));
        }
        text
    }

    fn tenancy(&self) -> String {
        let setting = self.setting.as_ref().map_or("app.tenant_id", |setting| setting.as_str());
        let why_setting = if self.setting.is_some() { "as the policies that are there read it" } else { "" };
        let mut lines = Vec::new();
        if let Some(column) = &self.column {
            lines.push(field("column", column.name.as_str(), &column.reason));
            lines.push(field("type", column.tenant_type.sql(), ""));
        } else {
            lines.push(Line::comment(
                "column and type are to be settled: run tenantry init again with --column",
            ));
            for candidate in &self.candidates {
                lines.push(field("column", candidate.column.as_str(), &candidate.to_string()).out());
            }
        }
        lines.push(field("setting", setting, why_setting));
        lines.push(field("missing", "error", "what a statement without a tenant gets: error or empty"));
        if let Some(schema) = &self.support_schema {
            lines.push(field("support_schema", schema.as_str(), ""));
        }
        format!("[tenancy]\n{}", ragged(&lines))
    }

    fn roles(&self) -> String {
        let roles = &self.roles;
        let line = |name: &str, role: &ProposedRole| match &role.name {
            Some(role_name) => field(name, role_name.as_str(), &role.reason),
            None => field(name, "…", &role.reason).out(),
        };
        let mut lines = vec![
            line("app", &roles.app),
            line("owner", &roles.owner),
            line("migrator", &roles.migrator),
            line("system", &roles.system),
        ];
        let sealer =
            self.seal.as_ref().map(|seal| field("sealer", seal.sealer.as_str(), "owns what verifies seals"));
        lines.extend(sealer);
        format!("[roles]\n{}", ragged(&lines))
    }

    fn migrations(&self) -> String {
        let ProposedMigrations { role, unbound } = &self.migrations;
        let Some(name) = &role.name else {
            return format!("# [migrations]\n{}", ragged(&[field("role", "…", &role.reason).out()]));
        };
        let mut lines = vec![field("role", name.as_str(), &role.reason)];
        lines.extend(unbound.map(|why| line("bypass_rls", "true".to_owned(), why)));
        format!("[migrations]\n{}", ragged(&lines))
    }

    fn governed(&self) -> String {
        format!("[schemas]\ninclude = {}\n", texts(self.schemas.iter().map(Ident::as_str)))
    }

    fn tables(&self) -> String {
        let mut parts = Vec::new();
        let mut questions: BTreeMap<Question, Vec<Bucket<'_>>> = BTreeMap::new();
        for (name, proposed) in &self.relations {
            if let Choice::Undecided { question, between } = &proposed.choice {
                let buckets = questions.entry(*question).or_default();
                match buckets.iter_mut().find(|(answers, _)| answers == between) {
                    Some((_, relations)) => relations.push((name, proposed)),
                    None => buckets.push((between, vec![(name, proposed)])),
                }
            }
        }
        parts.extend(questions.into_iter().map(|(question, buckets)| asked(question, &buckets)));
        for (class, heading) in HEADINGS {
            let of =
                |proposed: &Proposed| matches!(&proposed.choice, Choice::Entry(of) if of.name() == class);
            let lines: Vec<Line> = self
                .relations
                .iter()
                .filter(|(_, proposed)| of(proposed))
                .map(|(name, proposed)| settled(name, proposed))
                .collect();
            if !lines.is_empty() {
                let heading = comment(&format!("{} of class {class}: {heading}", lines.len()));
                let lines = if class == "tenant" { list(lines) } else { aligned(&lines) };
                parts.push(format!("{heading}{lines}"));
            }
        }
        parts.extend(self.defaults());
        parts.extend(self.adopted());
        format!("[tables]\n{}", parts.join("\n"))
    }

    /// How tables get the tenant column.
    fn adopted(&self) -> Option<String> {
        let column = self.column.as_ref().filter(|_| !self.adoptions.is_empty())?;
        let mut text = comment(&self.adoption_hint(column));
        for run in &self.adoptions {
            let _ = writeln!(text, "#   {}", run.to_string().replace(char::is_control, " "));
        }
        Some(text)
    }

    /// What is to be said before the runs of `tenantry adopt`.
    #[must_use]
    pub fn adoption_hint(&self, column: &TenantColumn) -> String {
        let own = match &column.own {
            Some((table, key)) => format!("{} ({})", table.plain(), key.plain()),
            None => "the table of tenants".to_owned(),
        };
        format!(
            "Tables whose rows are tenants' and that lack {}: class them tenant above, then let tenantry adopt give them the \
             column while services go on, in this order, without those that are of another class. ID is the tenant of all rows \
             that are there, a row of {own}. tenantry plan comes after that.",
            column.name.plain()
        )
    }

    /// What needs no entry.
    fn defaults(&self) -> Option<String> {
        let of = |class: &'static str| {
            self.relations.values().filter(|proposed| proposed.choice == Choice::Default(class)).count()
        };
        let column = self.column.as_ref().map(|column| column.name.plain()).unwrap_or_default();
        let said = [
            ("tenant", format!("{column} is not null")),
            ("partition", "as its table".to_owned()),
            ("view", "each reads with the rights of its reader".to_owned()),
            ("apart", "nothing of tenants is in it".to_owned()),
        ];
        let said: Vec<String> = said
            .iter()
            .map(|(class, why)| (of(class), class, why))
            .filter(|(count, ..)| *count > 0)
            .map(|(count, class, why)| format!("{count} {class} ({why})"))
            .collect();
        (!said.is_empty()).then(|| comment(&format!("Without an entry, by default: {}.", said.join("; "))))
    }
}

/// The classes that a proposal decides on, in their order.
const HEADINGS: [(&str, &str); 3] = [
    ("tenant", "the rows belong to the tenant in the column."),
    ("child", "the rows belong to the tenant of the row that they refer to."),
    ("exempt", "not governed; the grants alone say who reads and writes."),
];

impl Question {
    /// The question, in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NullTenants => "Whose are the rows without a tenant?",
            Self::OwnKey => {
                "Whose? It is the tenants' own table, but its key is of another type than the tenant column, and a policy \
                 compares what is of one type. Give both the same type and run tenantry init again: a row is a tenant then."
            }
            Self::Users => {
                "Who may read the users? There is no tenant column and no foreign key to a tenant, since a user may belong to \
                 several. What a tenant is to see of its users (a name, not a hash) belongs into a table with the tenant column."
            }
            Self::OtherColumn => {
                "What is the column that is called as the tenant column, and is something else?"
            }
            Self::SeveralColumns => {
                "Which of the columns that refer to the tenants' own table says whose a row is?"
            }
            Self::SeveralWays => {
                "What is a row part of? Several foreign keys lead to tenants in as few steps, and nothing tells them \
                 apart. As long as none of them crosses tenants, any will do."
            }
            Self::NullableWays => {
                "Whose are the rows that refer to nothing? All ways to tenants go by columns that may be NULL. Of class \
                 child such rows are nobody's; better make the column NOT NULL, or add the tenant column."
            }
            Self::Reference => {
                "The same for everybody? There is no tenant column, and no foreign key leads to a tenant, but their tables \
                 refer to it. If the rows are a tenant's after all, add the tenant column."
            }
            Self::Circle => {
                "The same for everybody? There is no tenant column, and the foreign keys lead in a circle, not to a tenant. \
                 If the rows are a tenant's after all, add the tenant column."
            }
            Self::Part => {
                "As what they refer to? Those tables are undecided themselves. Where one gets the tenant column, class \
                 child via it is the answer."
            }
            Self::Alone => {
                "Whose? There is no tenant column, and no foreign key leads to a tenant or comes from one. If the rows are a \
                 tenant's after all, add the tenant column."
            }
            Self::NoPolicy => "Who may read what takes no policy?",
        }
    }
}

/// The section of sealed tenants.
fn seal(of: &ProposedSeal) -> String {
    let why = "as the functions that are there verify seals; true takes tenants without one, too";
    format!("[seal]\n{}", ragged(&[line("bare", of.bare.to_string(), why)]))
}

/// The section for tables that a user sees by its membership, commented out: nothing needs it that is proposed.
fn membership(of: &ProposedMembership) -> String {
    let said = format!(
        "{} says which users belong to which tenants. With this section, tables of class membership show a user the rows of \
         all the tenants that it is a member of; of that class {0} itself shows a user its own memberships.",
        of.table.plain()
    );
    let lines = [
        field("table", &of.table.plain(), "").out(),
        field("user", of.user.as_str(), "").out(),
        field("tenant", of.tenant.as_str(), "").out(),
        field("type", of.user_type.sql(), "").out(),
    ];
    format!("{}# [membership]\n{}", comment(&said), ragged(&lines))
}

/// The relations of one question, with its answers above.
fn asked<'a>(question: Question, buckets: &[Bucket<'a>]) -> String {
    let number: usize = buckets.iter().map(|(_, relations)| relations.len()).sum();
    // Of several ways the answers say all that the reason does.
    let said = matches!(question, Question::SeveralWays | Question::SeveralColumns);
    let mut text = comment(&format!("{number} undecided: {}", question.text()));
    for (answers, relations) in buckets {
        let one = |(name, reason): (&QualifiedName, &str)| {
            line(&key(name), entry(&Class::Undecided, None, None), reason)
        };
        if buckets.len() > 1 {
            text.push_str("#\n");
        }
        match relations[..] {
            [(name, proposed)] if buckets.len() > 1 => {
                if !said {
                    text.push_str(&comment(&proposed.reason));
                }
                text.push_str(&options(answers));
                text.push_str(&aligned(&[one((name, ""))]));
            }
            _ => {
                text.push_str(&options(answers));
                let reason = |proposed: &'a Proposed| if said { "" } else { proposed.reason.as_str() };
                let lines: Vec<Line> =
                    relations.iter().map(|(name, proposed)| one((name, reason(proposed)))).collect();
                // Of the others each has a reason of its own.
                let alike = matches!(question, Question::NullTenants | Question::Alone | Question::NoPolicy);
                text.push_str(&if alike { list(lines) } else { aligned(&lines) });
            }
        }
    }
    text
}

/// Answers, to be put in place of what is there.
fn options(answers: &[Suggestion]) -> String {
    let lines: Vec<Line> = answers
        .iter()
        .map(|of| Line::option(entry(&of.class, of.column.as_ref(), None), &of.meaning))
        .collect();
    aligned(&lines)
}

fn settled(name: &QualifiedName, proposed: &Proposed) -> Line {
    let Choice::Entry(class) = &proposed.choice else { return Line::comment("") };
    // What the entry says already is left out.
    let reason = match class {
        Class::Exempt { .. } => String::new(),
        Class::Child { via: Via::Name(to) } => {
            proposed.reason.replacen(&format!(" to {}", to.plain()), "", 1)
        }
        _ => proposed.reason.clone(),
    };
    line(&key(name), entry(class, proposed.column.as_ref(), proposed.grants.as_ref()), &reason)
}

/// An entry as an inline table.
fn entry(class: &Class, column: Option<&Ident>, grants: Option<&BTreeSet<Privilege>>) -> String {
    let mut fields = vec![format!("class = {}", text(class.name()))];
    match class {
        Class::Child { via: Via::Table(table) } => fields.push(format!("via = {}", text(&table.plain()))),
        Class::Child { via: Via::Name(name) } => fields.push(format!("via = {}", text(name.as_str()))),
        Class::Exempt { reason } => fields.push(format!("reason = {}", text(reason))),
        Class::Tenant { direct: true } => fields.push("direct = true".to_owned()),
        Class::Tenant { .. }
        | Class::Shared
        | Class::Tree
        | Class::Membership
        | Class::Deny
        | Class::Undecided => {}
    }
    fields.extend(column.map(|column| format!("column = {}", text(column.as_str()))));
    fields.extend(grants.map(|grants| {
        let verbs = grants.iter().map(|verb| verb.sql().to_ascii_lowercase());
        format!("grants = {}", texts(verbs))
    }));
    format!("{{ {} }}", fields.join(", "))
}

fn key(name: &QualifiedName) -> String {
    text(&name.plain())
}

/// A text in quotes, on one line whatever is in it, as a key is.
fn text(text: &str) -> String {
    let key = Key::new(text).display_repr().into_owned();
    if key.starts_with(['"', '\'']) { key } else { format!("\"{key}\"") }
}

fn texts(all: impl Iterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = all.map(|one| text(one.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

fn field(name: &str, value: &str, reason: &str) -> Line {
    line(name, text(value), reason)
}
