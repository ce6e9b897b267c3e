//! Runs the rules.

use super::code::Code;
use super::doubt::Doubt;
use super::finding::{Finding, Findings};
use super::record::{Check, Rule, Severity};
use super::rules::opaque_statement;
use super::shared_out::shared_out;
use super::subject::{Ground, Subject};
use super::watch::Watch;
use super::{place, rules, suppression};
use crate::catalog::replay::{Replayed, Replaying, Source, Step, replay_watched};
use crate::catalog::{Catalog, Function, Object, Relation, RelationKind, Signature};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;

/// What was found, the gravest first, and in files in their order.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was found.
    pub findings: Vec<Finding>,
    /// How many statements were read; none of a live database.
    pub statements: usize,
    /// Whether anything was judged by who runs the files, and nobody says who does: a superuser was assumed.
    pub assumes_superuser: bool,
}

/// Looks at a live database.
#[must_use]
pub fn audit(manifest: &Manifest, catalog: &Catalog) -> Report {
    let subject = Subject::new(catalog, manifest);
    let findings = judged(&subject, None);
    let mut report = Report { findings, ..Report::default() };
    report.sort();
    report
}

/// Looks at files, in the order in which they are run.
#[must_use]
pub fn lint(manifest: &Manifest, sources: &[Source]) -> Report {
    looked_at(manifest, None, sources, &|_| true)
}

/// The same, but what is found in files of other names is of no account, and may be left out.
#[cfg(feature = "cli")]
pub(crate) fn lint_some(
    manifest: &Manifest,
    sources: &[Source],
    is_wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Report {
    looked_at(manifest, None, sources, is_wanted)
}

/// Looks at files that are still to be run, on the database that is there: one that [`live::load`](crate::catalog::live::load)
/// has read. What was there before is theirs only as far as they change it.
#[must_use]
pub fn lint_on(manifest: &Manifest, base: &Catalog, sources: &[Source]) -> Report {
    looked_at(manifest, Some(base), sources, &|_| true)
}

/// Looks at files that a server runs too, in their order: each is judged by what the server says it has left. How the files get
/// there is still read from their text, and that is where findings stand.
///
/// `before` is the database before the first file, `role` the one that runs them, and `run` runs the next file and reads what is
/// there then, as [`live::load`](crate::catalog::live::load) does.
///
/// # Errors
///
/// Whatever `run` fails with.
pub async fn lint_run<E>(
    manifest: &Manifest,
    sources: &[Source],
    before: &Catalog,
    role: &Ident,
    mut run: impl AsyncFnMut(&Source) -> Result<Catalog, E>,
) -> Result<Report, E> {
    let ground = Ground { manifest };
    let mut watching = Watching::new();
    let mut options = manifest.replay_options();
    options.role.clone_from(role);
    options.server_version = before.server_version.unwrap_or(options.server_version);
    let mut see = |step: &Step<'_>| watching.see(step, &ground);
    let mut replaying = Replaying::new(None, &options, &mut see);
    for source in sources {
        let from = replaying.statements_so_far();
        replaying.source(source);
        let now = run(source).await?;
        replaying.observe(from, &now, before);
    }
    let replayed = replaying.end();
    Ok(watching.report(&ground, sources, &replayed, &Wanted { theirs: false, file: &|_| true }))
}

fn looked_at(
    manifest: &Manifest,
    base: Option<&Catalog>,
    sources: &[Source],
    file: &(dyn Fn(&str) -> bool + Sync),
) -> Report {
    let ground = Ground { manifest };
    let mut options = manifest.replay_options();
    if let Some(version) = base.and_then(|base| base.server_version) {
        options.server_version = version;
    }
    let mut watching = Watching::new();
    let replayed = replay_watched(base, sources, &options, &mut |step| watching.see(step, &ground));
    let wanted = Wanted { theirs: base.is_some(), file };
    watching.report(&ground, sources, &replayed, &wanted)
}

/// Which findings are wanted.
struct Wanted<'a> {
    /// Only those that come of the files.
    theirs: bool,
    /// Those in a file of this name.
    file: &'a (dyn Fn(&str) -> bool + Sync),
}

/// What the files have left, as far as code is looked into.
struct Files<'a> {
    replayed: &'a Replayed,
    is_wanted: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Files<'_> {
    /// Whether what is found in a function is wanted.
    fn has(&self, signature: &Signature) -> bool {
        let statement = self.replayed.origins.of(&Object::Function(signature.clone()));
        let located = statement.and_then(|at| self.replayed.statements.get(at));
        located.is_none_or(|located| (self.is_wanted)(located.file()))
    }
}

/// The rules that watch statements, at work.
struct Watching {
    watches: Vec<(Findings, Box<dyn Watch>)>,
    doubt: Doubt,
}

impl Watching {
    fn new() -> Self {
        let mut watches: Vec<(Findings, Box<dyn Watch>)> = Vec::new();
        for rule in rules::all() {
            if let Check::Sequence(watch) = rule.check {
                watches.push((Findings::of(rule), watch()));
            }
        }
        Self { watches, doubt: Doubt::default() }
    }

    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>) {
        self.doubt.see(step);
        for (found, watch) in &mut self.watches {
            watch.see(step, ground, found);
        }
    }

    /// What they have found, and what the other rules find in what is left.
    fn report(
        self,
        ground: &Ground<'_>,
        sources: &[Source],
        replayed: &Replayed,
        wanted: &Wanted<'_>,
    ) -> Report {
        let mut findings = Vec::new();
        for (mut found, mut watch) in self.watches {
            watch.end(ground, &mut found);
            findings.extend(found.into_found());
        }
        let subject = Subject::new(&replayed.catalog, ground.manifest);
        findings.extend(judged(&subject, Some(&Files { replayed, is_wanted: wanted.file })));
        findings.extend(opaque_statement::findings(replayed, &subject));
        self.doubt.grade(replayed, &mut findings);
        for finding in &mut findings {
            let anchor = finding.anchor.as_ref().unwrap_or(&finding.object);
            let statement = finding.statement.or_else(|| replayed.origins.of(anchor));
            finding.statement = statement;
            let located = statement.and_then(|at| replayed.statements.get(at));
            finding.place = located.map(|located| place::place(finding, located));
        }
        if wanted.theirs {
            findings.retain(|finding| finding.statement.is_some());
        }
        let unused = suppression::apply(sources, &replayed.statements, &mut findings);
        if !wanted.theirs {
            findings.extend(unused);
        }
        let statements = replayed.statements.iter().filter(|located| located.runs_within().is_none()).count();
        let assumes_superuser = rests_on_owner(&replayed.catalog);
        let mut report = Report { findings, statements, assumes_superuser };
        report.sort();
        report
    }
}

/// Whether there is anything that reads or writes with the rights of its owner, and nobody says who that is.
fn rests_on_owner(catalog: &Catalog) -> bool {
    let has_rights = |relation: &Relation| relation.kind == RelationKind::View || !relation.rules.is_empty();
    let relation = |relation: &Relation| relation.owner_is_assumed && has_rights(relation);
    let function = |function: &Function| function.owner_is_assumed && function.security_definer;
    catalog.relations.values().any(relation) || catalog.functions.values().any(function)
}

/// What the rules find that look at what is left, and at code. Without files it is a live database.
fn judged(subject: &Subject<'_>, files: Option<&Files<'_>>) -> Vec<Finding> {
    let rules: Vec<&'static Rule> = rules::all().collect();
    // Code takes longest, so it is begun first.
    let job = |at: usize| match at.checked_sub(1) {
        None => Some(code(subject, files)),
        Some(at) => rules.get(at).map(|rule| check(rule, subject, files.is_none())),
    };
    let mut found = shared_out(subject.catalog.relations.len() >= MANY, job);
    if !found.is_empty() {
        found.rotate_left(1);
    }
    found.into_iter().flatten().collect()
}

/// How many relations are worth another thread.
const MANY: usize = 100;

fn check(rule: &'static Rule, subject: &Subject<'_>, live: bool) -> Vec<Finding> {
    let mut found = Findings::of(rule);
    match rule.check {
        Check::Model(check) => check(subject, &mut found),
        Check::Server(check) if live => check(subject, &mut found),
        _ => {}
    }
    found.into_found()
}

/// Looks into the bodies of functions, and into files with their DO blocks.
fn code(subject: &Subject<'_>, files: Option<&Files<'_>>) -> Vec<Finding> {
    let mut checks: Vec<_> = rules::all()
        .filter_map(|rule| match rule.check {
            Check::Code(check) => Some((Findings::of(rule), check)),
            _ => None,
        })
        .collect();
    // One after the other: a file can be large, and its words take more room than its text.
    let mut look = |code: &Code<'_>| {
        for (found, check) in &mut checks {
            check(code, subject, found);
        }
    };
    let functions = subject.catalog.functions.iter();
    for (signature, function) in functions.filter(|(signature, _)| files.is_none_or(|of| of.has(signature))) {
        if let Some(code) = Code::of_function(signature, function) {
            look(&code);
        }
    }
    let mut from = 0;
    let statements = files.map_or(&[][..], |files| &files.replayed.statements);
    for file in statements.chunk_by(|one, next| one.file() == next.file()) {
        if files.zip(file.first()).is_some_and(|(files, first)| (files.is_wanted)(first.file())) {
            look(&Code::of_file(file, from));
        }
        from += file.len();
    }
    checks.into_iter().flat_map(|(found, _)| found.into_distinct()).collect()
}

impl Report {
    /// Puts the gravest first, and those of files in their order.
    pub fn sort(&mut self) {
        self.findings.sort_by(|one, other| {
            other
                .severity
                .cmp(&one.severity)
                .then_with(|| one.statement.cmp(&other.statement))
                .then_with(|| one.object.cmp(&other.object))
        });
    }

    /// The findings of this severity and above.
    pub fn from(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity >= severity)
    }

    /// The objects that a rule has found something in.
    #[must_use]
    pub fn of(&self, code: &str) -> Vec<&Object> {
        self.findings.iter().filter(|of| of.rule.code == code).map(|of| &of.object).collect()
    }
}
