//! The tenants with the most statements, each with a metric of its own, in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many tenants are counted for each that is shown.
const COUNTED: usize = 8;

/// A tenant is shown once it surely has had this many statements.
const ENOUGH: u64 = 16;

/// Counts tenants and gives a metric to each of those with the most.
///
/// Counts are those of Metwally, Agrawal and El Abbadi's "Space-Saving": of as many tenants as there is room for, and where one
/// more comes, it takes the place and the count of the one with the fewest. So whoever has more than one statement in as many as
/// there are places is counted.
///
/// A metric's labels stay for the life of a process, so a tenant that has got a metric keeps it, and there are never more
/// than were asked for. The others have one together.
pub(super) struct Top<M> {
    most: usize,
    state: Mutex<State<M>>,
}

struct State<M> {
    shown: HashMap<Box<str>, Arc<M>>,
    counted: HashMap<Box<str>, Count>,
    others: Option<Arc<M>>,
}

/// How many statements a tenant may have had, and how many of these were those of whoever had the place before.
#[derive(Clone, Copy, Default)]
struct Count {
    most: u64,
    inherited: u64,
}

impl<M> Top<M> {
    pub(super) fn new(most: usize) -> Self {
        let state = State { shown: HashMap::new(), counted: HashMap::new(), others: None };
        Self { most, state: Mutex::new(state) }
    }

    /// Counts a statement of a tenant and gives the metric that it belongs to: the tenant's own, or that of the
    /// others, which `register` makes of no tenant.
    pub(super) fn count(&self, tenant: &str, register: impl Fn(Option<&str>) -> M) -> Arc<M> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metric) = state.shown.get(tenant) {
            return Arc::clone(metric);
        }
        if state.shown.len() < self.most {
            let count = state.counted_up(tenant, self.most.saturating_mul(COUNTED));
            if count >= ENOUGH {
                state.counted.remove(tenant);
                let metric = Arc::new(register(Some(tenant)));
                state.shown.insert(tenant.into(), Arc::clone(&metric));
                return metric;
            }
        }
        Arc::clone(state.others.get_or_insert_with(|| Arc::new(register(None))))
    }
}

impl<M> State<M> {
    /// Counts one more, and says how many there surely were.
    fn counted_up(&mut self, tenant: &str, room: usize) -> u64 {
        if !self.counted.contains_key(tenant) {
            let mut inherited = 0;
            if self.counted.len() >= room {
                let fewest = self.counted.iter().min_by_key(|(_, count)| count.most);
                if let Some((tenant, count)) = fewest.map(|(tenant, count)| (tenant.clone(), *count)) {
                    self.counted.remove(&tenant);
                    inherited = count.most;
                }
            }
            self.counted.insert(tenant.into(), Count { most: inherited, inherited });
        }
        let count = self.counted.entry(tenant.into()).or_default();
        count.most += 1;
        count.most - count.inherited
    }
}

#[cfg(test)]
mod tests {
    use super::Top;

    #[test]
    fn who_has_the_most_is_shown_and_the_others_together() {
        let top = Top::new(2);
        for n in 0..4_000 {
            top.count(&format!("small {}", n % 997), |tenant| tenant.map(str::to_owned));
            if n > 2_000 {
                top.count("large", |tenant| tenant.map(str::to_owned));
            }
        }
        let shown = |tenant| top.count(tenant, |tenant| tenant.map(str::to_owned)).as_ref().clone();
        assert_eq!(shown("large").as_deref(), Some("large"));
        assert_eq!(shown("never seen"), None);
        let state = top.state.lock().unwrap();
        assert!(state.shown.len() == 1 && state.counted.len() <= 16);
    }
}
