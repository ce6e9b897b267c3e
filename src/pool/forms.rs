//! The statements that bind contexts with settings of their own, by the names of these.

use std::sync::{Arc, PoisonError, RwLock};

use super::limits::{READ_ONLY, and_set, set_tenant};
use crate::ident::literal;

/// The names under which the server keeps them.
const NAMES: [&str; 16] = [
    "tenantry_context_1",
    "tenantry_context_2",
    "tenantry_context_3",
    "tenantry_context_4",
    "tenantry_context_5",
    "tenantry_context_6",
    "tenantry_context_7",
    "tenantry_context_8",
    "tenantry_context_9",
    "tenantry_context_10",
    "tenantry_context_11",
    "tenantry_context_12",
    "tenantry_context_13",
    "tenantry_context_14",
    "tenantry_context_15",
    "tenantry_context_16",
];

/// One statement for each list of settings that contexts of a pool have had, up to as many as there are [`NAMES`].
///
/// A service has few such lists. With the names in its text a statement takes half as many parameters, and returns no row.
#[derive(Default)]
pub(super) struct Forms(RwLock<Vec<Form>>);

struct Form {
    settings: Vec<String>,
    reads: bool,
    sql: Arc<str>,
}

impl Forms {
    /// The statement that binds a tenant and these settings, the tenant's own first, each with a parameter for its value; and its name.
    /// None where there are too many other lists.
    pub(super) fn get<'a>(
        &self,
        settings: impl Iterator<Item = &'a str> + Clone,
        reads: bool,
    ) -> Option<(&'static str, Arc<str>)> {
        let find = |forms: &[Form]| {
            let fits = |form: &Form| {
                form.reads == reads && settings.clone().eq(form.settings.iter().map(String::as_str))
            };
            let at = forms.iter().position(fits)?;
            Some((NAMES[at], Arc::clone(&forms[at].sql)))
        };
        let known = find(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        if known.is_some() {
            return known;
        }
        let mut forms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = find(&forms);
        if known.is_some() || forms.len() >= NAMES.len() {
            return known;
        }
        let name = NAMES[forms.len()];
        let sql: Arc<str> = select(settings.clone(), reads).into();
        forms.push(Form { settings: settings.map(str::to_owned).collect(), reads, sql: Arc::clone(&sql) });
        Some((name, sql))
    }
}

fn select<'a>(mut settings: impl Iterator<Item = &'a str>, reads: bool) -> String {
    let mut sql = set_tenant(settings.next().unwrap_or_default());
    for (at, setting) in settings.enumerate() {
        and_set(&mut sql, setting, &format!("${}", at + 2));
    }
    if reads {
        let (setting, value) = READ_ONLY;
        and_set(&mut sql, setting, &literal(value));
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::{Forms, NAMES};

    fn get(forms: &Forms, settings: &[&str], reads: bool) -> Option<(&'static str, String)> {
        forms.get(settings.iter().copied(), reads).map(|(name, sql)| (name, sql.to_string()))
    }

    #[test]
    fn each_list_of_settings_has_its_own_statement_and_keeps_it() {
        let forms = Forms::default();
        let settings = ["app.tenant_id", "app.user's"];
        let alone = "SELECT WHERE pg_catalog.set_config('app.tenant_id', $1, true) IS NULL \
            OR pg_catalog.set_config('app.user''s', $2, true) IS NULL";
        let reads = format!("{alone} OR pg_catalog.set_config('transaction_read_only', 'on', true) IS NULL");
        for _ in 0..2 {
            assert_eq!(get(&forms, &settings, false), Some((NAMES[0], alone.to_owned())));
            assert_eq!(get(&forms, &settings, true), Some((NAMES[1], reads.clone())));
        }
        let (name, other) = get(&forms, &["app.tenant_id", "app.user's", "lock_timeout"], false).unwrap();
        assert_eq!(
            (name, other),
            (NAMES[2], format!("{alone} OR pg_catalog.set_config('lock_timeout', $3, true) IS NULL"))
        );
    }

    #[test]
    fn no_more_lists_are_kept_than_there_are_names() {
        let forms = Forms::default();
        for (at, expected) in NAMES.into_iter().enumerate() {
            let setting = format!("app.number_{at}");
            assert_eq!(get(&forms, &["app.tenant_id", &setting], false).unwrap().0, expected);
        }
        assert_eq!(get(&forms, &["app.tenant_id", "app.another"], false), None);
        assert!(get(&forms, &["app.tenant_id", "app.number_3"], false).is_some());
    }
}
