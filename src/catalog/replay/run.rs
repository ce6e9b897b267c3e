//! Files, run in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ahead::{self, Read};
use super::dialect::foreign;
use super::located::{Extent, Located, Opaque};
use super::origin::Origins;
use super::parse::session::Session;
use super::plpgsql::{self, Host, Reach, Runs, Spot};
use super::read::swallowed;
use super::rollback::going_back;
use super::source::Source;
use super::split::PieceKind;
use super::state::State;
use super::statement::Statement;
use super::step::{Effect, Step, Transaction};
use crate::catalog::Catalog;
use crate::ident::Ident;

/// What the files are run as, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The role that runs the files, and owns what they make. `postgres` unless something else is said. It is a superuser.
    pub role: Ident,
    /// Whether nobody says that it is this role, so that what it makes may as well be a superuser's. Not unless it is said.
    pub role_is_assumed: bool,
    /// The version of PostgreSQL whose ways are imitated, as `server_version_num` says it. 150000 unless something else is said.
    pub server_version: u32,
    /// The `search_path` that each file begins with. `"$user", public` unless something else is said.
    pub search_path: Vec<Ident>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            role: Ident::known("postgres"),
            role_is_assumed: false,
            server_version: 150_000,
            search_path: vec![Ident::known("$user"), Ident::known("public")],
        }
    }
}

/// What the files have left.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// The schema.
    pub catalog: Catalog,
    /// Every statement, in order.
    pub statements: Vec<Located>,
    /// The statements whose effect is not, or not wholly, in the schema, in order.
    pub opaque: Vec<Opaque>,
    /// Which statement each object comes from.
    pub origins: Origins,
}

/// Runs files in order, each in a session of its own.
///
/// ```
/// use tenantry::catalog::replay::{Options, Source, replay};
///
/// let migration = Source::new("1.sql", "create table invoice (id bigint primary key); do $$ begin execute x; end $$;");
/// let replayed = replay(&[migration], &Options::default());
/// assert_eq!(replayed.catalog.relations.len(), 1);
/// let said = replayed.opaque[0].to_string();
/// assert_eq!(said, "1.sql:1:59: the code that EXECUTE runs here is known only when it runs");
/// ```
#[must_use]
pub fn replay(sources: &[Source], options: &Options) -> Replayed {
    replay_watched(None, sources, options, &mut |_| {})
}

/// Runs files in order on a database that is there already, such as one that [`live::load`](crate::catalog::live::load) has
/// read.
///
/// What a model does not tell, which views and expressions need a column for example, is not known of what was there before.
///
/// ```
/// use tenantry::catalog::replay::{Options, Source, replay, replay_on};
///
/// let options = Options::default();
/// let before = replay(&[Source::new("1.sql", "create table invoice (id bigint primary key);")], &options).catalog;
/// let after = replay_on(&before, &[Source::new("2.sql", "alter table invoice add total numeric;")], &options);
/// assert!(after.opaque.is_empty());
/// ```
#[must_use]
pub fn replay_on(base: &Catalog, sources: &[Source], options: &Options) -> Replayed {
    replay_watched(Some(base), sources, options, &mut |_| {})
}

/// The same, and shows each statement once it has been applied.
pub(crate) fn replay_watched(
    base: Option<&Catalog>,
    sources: &[Source],
    options: &Options,
    watch: &mut dyn FnMut(&Step<'_>),
) -> Replayed {
    let mut run = Run::new(base, options, watch);
    ahead::each(sources, |source, pieces| run.file(source, pieces));
    let mut replayed = run.end();
    if let Some(base) = base {
        // No statement of a file changes them, as far as they are followed.
        replayed.catalog.server_version = base.server_version;
        replayed.catalog.database.clone_from(&base.database);
    }
    replayed
}

/// How many statements of one file are said to be opaque: what has more of them is no file to read.
const MOST_OPAQUE: usize = 10_000;

/// How many statements a file may begin with of which none is understood, before it is taken for something other than SQL.
const MOST_STRANGE: usize = 100;

/// How many statements may be run that stand in other ones.
const MOST_INNER: usize = 300_000;

/// A run of files that is under way.
pub(crate) struct Run<'w> {
    pub(super) state: State,
    pub(super) statements: Vec<Located>,
    pub(super) opaque: Vec<Opaque>,
    /// What the transaction will go back to, by the place of the statement after which it was so.
    saved: BTreeMap<usize, State>,
    pub(super) transaction: Transaction,
    /// What the session has prepared.
    prepared: BTreeMap<Ident, String>,
    /// How many statements may still be run that stand in other ones.
    left: usize,
    /// What the statement runs that was not followed, by its place among all that was not.
    unfollowed: Option<(usize, usize)>,
    /// The files of each folder that are written for another database: the first, by its place among all that was not followed, and
    /// how many more.
    pub(super) foreign: BTreeMap<(String, &'static str), (usize, usize)>,
    /// Whether a file may be left where it is no SQL. What is to be run on a database is read to its end.
    may_stop: bool,
    pub(super) watch: &'w mut dyn FnMut(&Step<'_>),
}

impl<'w> Run<'w> {
    /// Nothing has been run yet. Each statement is shown once it has been applied.
    pub(crate) fn new(
        base: Option<&Catalog>,
        options: &Options,
        watch: &'w mut dyn FnMut(&Step<'_>),
    ) -> Self {
        Self {
            state: base.map_or_else(|| State::new(options), |base| State::with(base, options)),
            statements: Vec::new(),
            opaque: Vec::new(),
            saved: BTreeMap::new(),
            transaction: Transaction::default(),
            prepared: BTreeMap::new(),
            left: MOST_INNER,
            unfollowed: None,
            foreign: BTreeMap::new(),
            may_stop: base.is_none(),
            watch,
        }
    }

    /// How many statements have been run.
    pub(crate) fn statements_so_far(&self) -> usize {
        self.statements.len()
    }

    /// No file follows.
    pub(crate) fn end(mut self) -> Replayed {
        self.tell_foreign();
        let Self { state, statements, opaque, .. } = self;
        let origins = state.origins.clone();
        Replayed { catalog: state.into_catalog(), statements, opaque, origins }
    }

    /// Runs a file.
    pub(crate) fn source(&mut self, source: &Source) {
        self.file(source, &mut ahead::pieces(source.text()));
    }

    fn file(&mut self, source: &Source, pieces: &mut dyn Iterator<Item = Read>) {
        match foreign(source.text()).filter(|_| self.may_stop) {
            Some(found) => self.pass_over(source, &found),
            None => self.run(source, pieces),
        }
    }

    fn run(&mut self, source: &Source, pieces: &mut dyn Iterator<Item = Read>) {
        self.state.session.restart();
        self.saved.clear();
        self.prepared.clear();
        self.transaction.start_file(source.is_one_transaction());
        let source = Arc::new(source.clone());
        let text = source.text();
        let back = going_back(text);
        let kept: BTreeSet<usize> = back.values().copied().collect();
        let opaque_before = self.opaque.len();
        let (mut part, mut is_known) = (0, !self.may_stop);
        for (place, (piece, read)) in pieces.enumerate() {
            let Some(first) = piece.tokens.first() else { continue };
            let position = piece.position;
            if piece.part != part {
                part = piece.part;
                self.state.session.end_transaction();
                self.transaction.start_file(piece.one_transaction.unwrap_or(source.is_one_transaction()));
            }
            // Most of what is said to psql is of no account.
            if piece.kind == PieceKind::Meta && read == Ok(Statement::Nothing) {
                continue;
            }
            let written = text.get(first.start..piece.end).unwrap_or_default();
            self.statements.push(Located::new(&source, first.start..piece.end, position));
            let statement = read.as_ref().ok();
            is_known |= statement.is_some();
            self.transaction.before(statement);
            let runs = statement.and_then(|statement| self.runs(statement, written));
            if let Some(swallowed) = swallowed(text, &piece).filter(|_| statement.is_some()) {
                self.state.note(swallowed);
            }
            let failed = match &read {
                // What it calls says what becomes of it.
                Ok(_) if matches!(&runs, Some(Runs::Query(query)) if !plpgsql::makes_table(query)) => None,
                Ok(statement) => self
                    .apply(statement, place, back.get(&place), kept.contains(&place))
                    .err()
                    .map(|why| (Extent::Effect, why)),
                Err(why) => Some((Extent::Words, why.clone())),
            };
            self.show(statement, false);
            self.note(statement, failed);
            self.run_inner(runs.as_ref());
            // What is kept is what the statements within have left.
            if runs.is_some() && kept.contains(&place) {
                self.saved.insert(place, self.state.clone());
            }
            if self.transaction.is_over(statement) {
                self.state.session.end_transaction();
            }
            if !is_known && self.opaque.len() - opaque_before >= MOST_STRANGE {
                self.opaque.truncate(opaque_before + 1);
                if let Some(first) = self.opaque.last_mut() {
                    first.extent = Extent::File;
                    first.why = format!(
                        "{}, nor is any of the {MOST_STRANGE} statements that begin the file, which is not read on",
                        first.why
                    );
                }
                return;
            }
            if self.opaque.len() - opaque_before >= MOST_OPAQUE {
                if let Some(last) = self.opaque.last_mut() {
                    last.why = format!(
                        "the {MOST_OPAQUE}th statement that is not followed; the file is not read on"
                    );
                }
                return;
            }
        }
    }

    /// Takes down what is not known of the statement that was read last.
    fn note(&mut self, statement: Option<&Statement>, failed: Option<(Extent, String)>) {
        let of =
            |extent, whys: &mut Vec<String>| std::mem::take(whys).into_iter().map(move |why| (extent, why));
        let assumed = of(Extent::Assumed, &mut self.state.assumed);
        let parts = of(Extent::Part, &mut self.state.notes);
        let Some(located) = self.statements.last() else { return };
        let (line, column) = (located.line(), located.column());
        for (extent, why) in assumed.chain(parts).chain(failed) {
            let reach = match statement {
                _ if why == plpgsql::DO => Reach::all(),
                // What a function does that is not known, it does to what it is told of.
                Some(Statement::Select(query)) => Reach::spoken_of(query, &self.state),
                _ => Reach::default(),
            };
            let (file, statement) = (located.source().shared_name(), self.statements.len() - 1);
            self.opaque.push(Opaque { file, line, column, why, statement, reach, extent });
        }
    }

    /// Applies a statement, after going back if it does, and keeps what it has left if a later one goes back to it.
    fn apply(
        &mut self,
        statement: &Statement,
        place: usize,
        back_to: Option<&usize>,
        kept: bool,
    ) -> Result<(), String> {
        if let Some(state) = back_to.and_then(|to| self.saved.get(to)) {
            self.state = state.clone();
            let _ = self.state.take_before();
        }
        if let Statement::Session(Session::Begin | Session::Commit { .. } | Session::Rollback { .. }) =
            statement
        {
            self.saved.clear();
        }
        let applied = self.state.apply(statement);
        if kept {
            self.saved.insert(place, self.state.clone());
        }
        applied
    }

    /// Keeps in mind what the statement has changed, and shows it.
    pub(super) fn show(&mut self, statement: Option<&Statement>, asked: bool) {
        let index = self.statements.len() - 1;
        let before = self.state.take_before();
        self.state.origins.add(&before, &self.state.catalog, index);
        if statement.is_some_and(Statement::is_on_default_privileges) {
            self.state.origins.add_defaults(&self.state.catalog, index);
        }
        if let Some(located) = self.statements.last() {
            let effect = Effect::new(&before, &self.state);
            let transaction = self.transaction;
            (self.watch)(&Step { index, located, statement, transaction, asked, effect });
        }
    }

    /// The code that a statement runs, if it runs any.
    fn runs<'s>(&mut self, statement: &'s Statement, text: &str) -> Option<Runs<'s>> {
        Some(match statement {
            Statement::Do(body) => Runs::Block(body),
            Statement::Call(call) => Runs::Call(call.clone()),
            Statement::Select(text) if plpgsql::calls_functions(&self.state, text) => {
                Runs::Query(text.clone())
            }
            Statement::Change { .. } | Statement::CreateTableAs(_) => Runs::rows(&self.state, text)?,
            Statement::Explain(text) => Runs::Statement(text.clone()),
            Statement::Execute(name) => Runs::Statement(self.prepared.get(name)?.clone()),
            Statement::Prepare(name, text) => {
                self.prepared.insert(name.clone(), text.clone());
                return None;
            }
            _ => return None,
        })
    }

    fn run_inner(&mut self, runs: Option<&Runs<'_>>) {
        let (Some(runs), Some(located)) = (runs, self.statements.last()) else { return };
        let spot = Spot::new(located, self.statements.len() - 1);
        self.unfollowed = None;
        plpgsql::run(self, spot, runs);
        if let Some((place, more @ 1..)) = self.unfollowed.take()
            && let Some(opaque) = self.opaque.get_mut(place)
        {
            let others = if more == 1 { "is one more statement" } else { "are others" };
            opaque.why = format!("{}; nor {others} that it runs", opaque.why);
        }
    }
}

impl Host for Run<'_> {
    fn state(&mut self) -> &mut State {
        &mut self.state
    }

    fn goes_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn done(&mut self, located: Located, statement: &Statement, asked: bool) {
        self.statements.push(located);
        self.show(Some(statement), asked);
        if matches!(statement, Statement::Session(Session::Commit { .. })) {
            self.transaction.is_over(Some(statement));
        }
    }

    fn not_followed(&mut self, spot: &Spot, why: String, reach: Reach, extent: Extent) {
        // One finding for a statement of the file says enough.
        if let Some((place, more)) = &mut self.unfollowed {
            *more += 1;
            if let Some(opaque) = self.opaque.get_mut(*place) {
                opaque.reach.add(reach);
                opaque.extent = opaque.extent.max(extent);
            }
            return;
        }
        let located = spot.located(None);
        let (file, line, column) = (located.source().shared_name(), located.line(), located.column());
        self.statements.push(located);
        self.show(None, false);
        let statement = self.statements.len() - 1;
        self.unfollowed = Some((self.opaque.len(), 0));
        self.opaque.push(Opaque { file, line, column, why, statement, reach, extent });
    }
}
