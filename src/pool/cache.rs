//! The statements that a connection has prepared, by their texts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio_postgres::Statement;

/// Keeps the statements that were used last. One that it lets go of is closed on the server, once nobody
/// holds it any more.
#[derive(Debug)]
pub(super) struct StatementCache {
    size: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_text: HashMap<Box<str>, Entry>,
    /// Statements that callers may still hold although they are out of date.
    outdated: Vec<Statement>,
    /// Which texts a pooler has to take for new ones, and since when they are.
    renewed: HashMap<Box<str>, u64>,
    /// Counts uses, so that the latest can be told from the others.
    uses: u64,
}

/// Where what is known of a statement was found to be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutOfDate {
    /// Here, as far as anybody can tell.
    Here,
    /// On the server's side, where a pooler may keep it.
    There,
}

#[derive(Debug)]
struct Entry {
    statement: Statement,
    used: u64,
}

impl StatementCache {
    /// A cache of so many statements.
    pub(super) fn new(size: usize) -> Self {
        Self { size, kept: Mutex::default() }
    }

    pub(super) fn get(&self, sql: &str) -> Option<Statement> {
        let kept = &mut *self.lock();
        kept.uses += 1;
        let entry = kept.by_text.get_mut(sql)?;
        entry.used = kept.uses;
        Some(entry.statement.clone())
    }

    /// Keeps a statement, in place of the one that was not used for the longest time if there is no room.
    pub(super) fn insert(&self, sql: &str, statement: Statement) {
        if self.size == 0 {
            return;
        }
        let mut kept = self.lock();
        let full = kept.by_text.len() >= self.size && !kept.by_text.contains_key(sql);
        let oldest = full.then(|| kept.by_text.iter().min_by_key(|(_, entry)| entry.used)).flatten();
        let evicted = oldest.map(|(text, _)| text.clone()).and_then(|text| kept.by_text.remove(&text));
        kept.uses += 1;
        let used = kept.uses;
        let replaced = kept.by_text.insert(sql.into(), Entry { statement, used });
        // Closing sends a request, which takes a lock of the driver's.
        drop(kept);
        drop((evicted, replaced));
    }

    /// Takes a statement out. Whoever still holds it gets another one by its text.
    pub(super) fn remove(&self, sql: &str) {
        let mut kept = self.lock();
        let Some(Entry { statement, .. }) = kept.by_text.remove(sql) else { return };
        let excess = (kept.outdated.len() + 1).saturating_sub(OUTDATED);
        let closed: Vec<_> = kept.outdated.drain(..excess).collect();
        kept.outdated.push(statement);
        drop(kept);
        drop(closed);
    }

    /// Whether a statement is known to be out of date.
    pub(super) fn is_outdated(&self, statement: &Statement) -> bool {
        self.lock().outdated.iter().any(|outdated| is_same(outdated, statement))
    }

    /// Has a text prepared as one that a pooler has not seen. Where it is out of date there, that is another
    /// one than the latest.
    ///
    /// A pooler prepares a text once on each connection to the server, whoever asks for it, and so keeps what
    /// is out of date there. (PgBouncer does until RECONNECT.) Processes that find out in the same minute share
    /// what they ask for.
    pub(super) fn renew(&self, sql: &str, out_of_date: OutOfDate) {
        static LATEST: AtomicU64 = AtomicU64::new(0);

        let minute = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 60;
        let mut latest = LATEST.fetch_max(minute, Ordering::AcqRel).max(minute);
        let mut kept = self.lock();
        let is_latest = kept.renewed.get(sql).is_some_and(|since| *since >= latest);
        if out_of_date == OutOfDate::There && is_latest {
            latest = LATEST.fetch_add(1, Ordering::AcqRel) + 1;
        }
        if kept.renewed.len() >= self.size.max(1) {
            kept.renewed.clear();
        }
        kept.renewed.insert(sql.into(), latest);
    }

    /// The text that is to be prepared for a statement.
    pub(super) fn text<'a>(&self, sql: &'a str) -> Cow<'a, str> {
        match self.lock().renewed.get(sql) {
            // On a line of its own, as the last one may be a comment.
            Some(since) => Cow::Owned(format!("{sql}\n/* tenantry: anew since {since} */")),
            None => Cow::Borrowed(sql),
        }
    }

    pub(super) fn clear(&self) {
        let mut kept = self.lock();
        let removed = (std::mem::take(&mut kept.by_text), std::mem::take(&mut kept.outdated));
        drop(kept);
        drop(removed);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many statements are kept that are out of date.
const OUTDATED: usize = 16;

/// Whether two handles are of one statement: the driver shows no identity but where its lists are. One without
/// parameters and columns cannot be told from others.
fn is_same(a: &Statement, b: &Statement) -> bool {
    let columns = !a.columns().is_empty() && std::ptr::eq(a.columns(), b.columns());
    columns || (!a.params().is_empty() && std::ptr::eq(a.params(), b.params()))
}
