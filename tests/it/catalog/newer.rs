//! What newer servers have, which older ones refuse.

use tenantry::catalog::replay::{Options, Source, replay};
use tenantry::catalog::{Catalog, live};
use tenantry::{Ident, QualifiedName};

use super::Place;
use super::replay::{assert_same, both, comparable};

const CONSTRAINTS: &str = include_str!("replay/constraints_18.sql");

/// Files are followed wherever they are read. A server of 18 says the same of them, and an older one that it does not know the
/// words.
#[tokio::test]
async fn the_constraints_of_18_are_the_same_both_ways() {
    let mut place = Place::empty().await;
    let version = live::load(&mut place.client).await.unwrap().server_version.unwrap();
    let sources = [Source::new("constraints_18.sql", CONSTRAINTS)];
    let followed = replay(&sources, &Options::default());
    assert_eq!(followed.opaque.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    holds(&followed.catalog);
    let mut refused = 0;
    for statement in followed.statements {
        let run = place.client.batch_execute(statement.text()).await;
        let Err(error) = run else { continue };
        let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
        assert!(version < 180_000, "{}: {error:?}", statement.text());
        // A syntax error, or an object that an earlier one would have made.
        assert!(["42601", "42P01", "42703", "42704"].contains(&&*code), "{}: {error:?}", statement.text());
        refused += usize::from(code == "42601");
    }
    if version < 180_000 {
        assert!(refused >= 9, "{refused}");
        return;
    }
    let (live, replayed) = both(&mut place, CONSTRAINTS).await;
    assert_same(&live, &comparable(replayed.catalog, &place.role));
}

fn holds(catalog: &Catalog) {
    let ident = |name: &str| Ident::new(name).unwrap();
    let of = |name: &str| &catalog.relations[&QualifiedName::parse(&format!("public.{name}")).unwrap()];
    let used = of("use");
    assert!(used.keys[&ident("k")].without_overlaps && used.indexes[&ident("k")].method == "gist");
    let key = &used.foreign_keys[&ident("f")];
    assert!(key.period && !key.enforced && !key.validated && key.deferrable, "{key:?}");
    let key = &used.foreign_keys[&ident("e")];
    assert!(!key.period && key.enforced && key.validated && key.initially_deferred, "{key:?}");
    // A column can be called so.
    assert!(!used.foreign_keys[&ident("use_period_fkey")].period);
    assert!(used.checks.values().all(|check| !check.enforced && !check.validated));
    for table in ["note", "note_heir"] {
        let column = |name: &str| of(table).column(&ident(name)).unwrap().clone();
        assert_eq!(column("a").not_null_unvalidated, Some(ident("a_renamed")));
        assert!(!column("a").not_null && column("b").not_null && !column("d").not_null, "{table}");
        assert_eq!((column("b").not_null_unvalidated, column("d").not_null_unvalidated), (None, None));
    }
    assert!(of("note_late").column(&ident("a")).unwrap().not_null);
    assert!(of("given").column(&ident("a")).unwrap().not_null);
}
