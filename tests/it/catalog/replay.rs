//! What is read from files, against what a server says of them.

mod garbage;
mod opaque;

use tenantry::Ident;
use tenantry::catalog::replay::{Options, Replayed, Source, replay};
use tenantry::catalog::{Catalog, live};

use super::page::page;
use super::{Place, own};
use crate::support::version;

/// What files leave on a server like this one.
fn replayed(catalog: &Catalog, user: &str, sql: &str) -> Replayed {
    let mut options = Options::default();
    options.role = Ident::new(user).unwrap();
    options.server_version = catalog.server_version.unwrap();
    replay(&[Source::new("schema.sql", sql)], &options)
}

/// A model as a page, without what the two loaders need not agree on: a body in standard SQL, which the server writes anew.
pub(super) fn comparable(mut catalog: Catalog, role: &str) -> String {
    for function in catalog.functions.values_mut() {
        if function.body.starts_with("BEGIN ATOMIC") || function.body.starts_with("RETURN") {
            function.body = "standard SQL".to_owned();
        }
    }
    page(&own(catalog, role))
}

/// Fails at the first line that differs, and shows what stands around it.
pub(super) fn assert_same(live: &str, files: &str) {
    let pairs = live.lines().zip(files.lines());
    let Some(at) = pairs.clone().position(|(live, files)| live != files) else {
        assert_eq!(live.lines().count(), files.lines().count(), "one goes on where the other ends");
        return;
    };
    let heading = |page: &str| {
        let deep = |line: &&str| line.starts_with("        ") && !line.starts_with("         ");
        page.lines().take(at + 1).filter(deep).last().unwrap_or_default().trim().to_owned()
    };
    let around = |page: &str| page.lines().skip(at.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n");
    panic!(
        "they differ in {}\n--- the server\n{}\n--- the files\n{}",
        heading(live),
        around(live),
        around(files)
    );
}

/// What a script leaves, read both ways.
pub(super) async fn both(place: &mut Place, sql: &str) -> (String, Replayed) {
    let catalog = live::load(&mut place.client).await.unwrap();
    let user: String = place.client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    let replayed = replayed(&catalog, &user, sql);
    (comparable(catalog, &place.role), replayed)
}

#[tokio::test]
async fn the_whole_schema_is_the_same_both_ways() {
    let mut place = Place::new().await;
    let sql = place.schema().await;
    let (live, replayed) = both(&mut place, &sql).await;
    let opaque: Vec<String> = replayed.opaque.iter().map(ToString::to_string).collect();
    assert_eq!(opaque, [""; 0]);
    assert!(replayed.catalog.relations.len() > 30);
    assert_same(&live, &comparable(replayed.catalog, &place.role));
}

/// Scripts that look into one corner each; statements go to the server one by one.
const SCRIPTS: [(&str, &str); 14] = [
    ("blocks", include_str!("replay/blocks.sql")),
    ("caught", include_str!("replay/caught.sql")),
    ("cursors", include_str!("replay/cursors.sql")),
    ("drops", include_str!("replay/drops.sql")),
    ("expressions", include_str!("replay/expressions.sql")),
    ("functions", include_str!("replay/functions.sql")),
    ("grants", include_str!("replay/grants.sql")),
    ("helpers", include_str!("replay/helpers.sql")),
    ("idioms", include_str!("replay/idioms.sql")),
    ("loops", include_str!("replay/loops.sql")),
    ("names", include_str!("replay/names.sql")),
    ("partitions", include_str!("replay/partitions.sql")),
    ("renames", include_str!("replay/renames.sql")),
    ("sessions", include_str!("replay/sessions.sql")),
];

#[tokio::test]
async fn every_corner_is_the_same_both_ways() {
    for (name, script) in SCRIPTS {
        let mut place = Place::empty().await;
        let version = version::of(&place.client).await;
        let sql = version::fit(script, version).replace("{role}", &place.role);
        let statements = replay(&[Source::new(name, sql.as_str())], &Options::default()).statements;
        for statement in statements.iter().filter(|statement| statement.runs_within().is_none()) {
            let run = place.client.batch_execute(statement.text()).await;
            run.unwrap_or_else(|error| panic!("{name}:{}: {error:?}", statement.line()));
        }
        let (live, replayed) = both(&mut place, &sql).await;
        let opaque: Vec<String> = replayed.opaque.iter().map(ToString::to_string).collect();
        assert_eq!(opaque, [""; 0]);
        assert_same(&live, &comparable(replayed.catalog, &place.role));
    }
}
