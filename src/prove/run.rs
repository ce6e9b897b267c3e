//! One proof from its beginning to its end.

use std::time::Instant;

use tokio_postgres::Client;

use super::made::{Known, Values};
use super::plans::{Plan, plans};
use super::report::{Cell, Proof};
use super::row::Scene;
use super::seals::Seals;
use super::seat::{Patience, Seat};
use super::table::Table;
use super::target::{Target, Tried, targets};
use super::tenants::Tenants;
use super::value::{Random, Types};
use super::{large_objects, planted, resolver, seal, sequence, session};
use crate::catalog::{Privilege, live};
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::policy::manifest::{Manifest, Problem};
use crate::policy::places;
use crate::seal::SealKey;

/// The sessions that a proof is made in.
pub(crate) struct Sessions {
    /// One that has logged in as the app role, or why there is none.
    pub(crate) app: Result<Client>,
    /// Another one, in which no tenant is ever bound, where nobody else makes rows.
    pub(crate) never: Option<Client>,
    /// Whether a pool takes the role, where that was asked.
    pub(crate) guard: Option<Result<()>>,
    /// Two of whoever makes rows: in one of them no tenant is ever bound.
    pub(crate) seeders: Option<[Client; 2]>,
}

/// How a proof is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) patience: Patience,
    /// Whether plans are looked at as well.
    pub(crate) plans: bool,
    /// What tenants are sealed with.
    pub(crate) key: Option<SealKey>,
}

/// How a proof has ended.
pub(crate) enum Ended {
    /// It was made.
    Proof(Proof),
    /// The manifest does not say whose rows each table holds.
    Unsettled(Vec<Problem>),
}

/// What is told while it runs: how many of how many are done, and what comes next.
pub(crate) type Progress<'a> = &'a (dyn Fn(usize, usize, &str) + Sync);

/// Makes the proof.
pub(crate) async fn run(
    manifest: &Manifest,
    sessions: Sessions,
    Terms { patience, plans: looks_at_plans, key }: Terms,
    wanted: &dyn Fn(&QualifiedName) -> bool,
    progress: Progress<'_>,
) -> Result<Ended> {
    let begun = Instant::now();
    let mut first = Vec::new();
    let app = match sessions.app {
        Ok(client) => {
            first.push(session::taken("log in"));
            Some(Seat::of_app(client, &manifest.roles))
        }
        Err(error) => {
            first.push(session::refused("log in", &error));
            None
        }
    };
    match &sessions.guard {
        Some(Ok(())) => first.push(session::taken("open a pool")),
        Some(Err(error)) => first.push(session::refused("open a pool", error)),
        None => {}
    }
    // Where the app role makes its own rows, none can be made in it.
    let unmade = sessions.never.map(|client| Seat::of_app(client, &manifest.roles));
    let (mut main, never) = match sessions.seeders {
        Some([main, never]) => {
            let (.., version) = names(&main).await?;
            let main = Seat::of_seeder(main, &manifest.roles, version).await?;
            (Some(main), Some(Seat::of_seeder(never, &manifest.roles, version).await?))
        }
        None => (None, None),
    };
    let mut app = app;
    let seeder = main.as_ref().map(|seat| seat.login().to_owned());
    let Some(reader) = main.as_mut().or(app.as_mut()) else {
        let proof = Proof {
            database: String::new(),
            server: String::new(),
            app: manifest.roles.app_role().as_str().to_owned(),
            seeder,
            took: begun.elapsed(),
            subjects: vec![session::subject(manifest, first)],
            plans: Vec::new(),
        };
        return Ok(Ended::Proof(proof));
    };
    // What is being changed can be read by nobody; that is waited for no longer than for anything else.
    reader.wait_for_locks(patience).await?;
    let (database, server, _) = names(reader.client()).await?;
    let seals = seals(manifest, key.as_ref(), &database)?;
    let catalog = live::load(reader.client_mut()).await?;
    let places = places(manifest, &catalog);
    if !places.problems.is_empty() {
        return Ok(Ended::Unsettled(places.problems));
    }
    let types = Types::read(reader.client_mut()).await?;
    let [app, main, never, unmade] =
        [app, main, never, unmade].map(|seat| seat.map(|seat| seat.sealing(seals.as_ref())));
    let known = Known { catalog: &catalog, manifest, places: &places, types: &types };
    if let Some(main) = main.as_ref().filter(|main| main.is_superusers()) {
        planted::refuse(&known, main.login())?;
    }
    if let Some(app) = &app {
        first.extend(session::prove(&known, app, patience).await?);
    }
    let mut subjects = vec![session::subject(manifest, first)];
    let Some(seat) = main.as_ref().or(app.as_ref()) else { return Err(Error::config("no session is left")) };
    let (targets, apart) = targets(&known, wanted);
    let of = targets.len();
    let (mut random, mut all_plans) = (Random::seeded(), Vec::new());
    for (done, Tried { mut subject, target }) in targets.into_iter().enumerate() {
        progress(done, of, &subject.name);
        let mut new_of_own = None;
        for (seat, never) in [(Some(seat), false), (never.as_ref(), true)] {
            let Some(seat) = seat else { continue };
            let tenants = Tenants::made_up(manifest, &mut random);
            let mut scene = Scene::new(&known, seat, tenants, random.next(), !never);
            seat.begin(patience).await?;
            subject.cells.extend(tried(&target, &mut scene, never).await?);
            if looks_at_plans && !never {
                all_plans.extend(planned(&target, &mut scene).await?);
            }
            new_of_own = new_of_own.or(scene.new_of_own.take());
            seat.rollback().await?;
        }
        if let Some(seat) = unmade.as_ref().filter(|_| never.is_none()) {
            let tenants = Tenants::made_up(manifest, &mut random);
            let mut scene = Scene::new(&known, seat, tenants, random.next(), false);
            seat.begin(patience).await?;
            subject.cells.extend(tried_unmade(&target, &mut scene, new_of_own.as_ref()).await?);
            seat.rollback().await?;
        }
        subjects.push(subject);
    }
    progress(of, of, "");
    subjects.extend(apart);
    Ok(Ended::Proof(Proof {
        database,
        server,
        app: manifest.roles.app_role().as_str().to_owned(),
        seeder,
        took: begun.elapsed(),
        subjects,
        plans: all_plans,
    }))
}

async fn tried(target: &Target<'_>, scene: &mut Scene<'_>, never: bool) -> Result<Vec<Cell>> {
    match target {
        Target::Table(name, place) => match Table::new(scene.known, name, place) {
            Some(table) => table.prove(scene, never).await,
            None => Ok(Vec::new()),
        },
        Target::Window(window) => window.prove(scene, never).await,
        Target::Sequence(name) if !never => sequence::prove(scene, name).await,
        Target::Sequence(_) => Ok(Vec::new()),
        Target::Resolver(lookup) => resolver::prove(lookup, scene, never).await,
        Target::LargeObjects => large_objects::prove(scene, never).await,
        Target::Seal if never => Ok(Vec::new()),
        Target::Seal => seal::prove(scene).await,
    }
}

/// What is tried where no tenant was ever bound and no row can be made.
async fn tried_unmade(
    target: &Target<'_>,
    scene: &mut Scene<'_>,
    new_of_own: Option<&Values>,
) -> Result<Vec<Cell>> {
    match target {
        Target::Table(name, place) => match Table::new(scene.known, name, place) {
            Some(table) => table.prove_unmade(scene, new_of_own).await,
            None => Ok(Vec::new()),
        },
        Target::Window(window) => window.prove_unmade(scene).await,
        Target::Sequence(_) | Target::Seal => Ok(Vec::new()),
        Target::Resolver(lookup) => resolver::prove_unmade(lookup, scene).await,
        Target::LargeObjects => large_objects::prove(scene, true).await,
    }
}

/// The plans of a table that a tenant reads.
async fn planned(target: &Target<'_>, scene: &mut Scene<'_>) -> Result<Vec<Plan>> {
    let Target::Table(name, place) = target else { return Ok(Vec::new()) };
    let reads = |table: &Table<'_>| table.is_of_tenants() && table.granted.contains(&Privilege::Select);
    match Table::new(scene.known, name, place).filter(reads) {
        Some(table) => plans(scene, &table).await,
        None => Ok(Vec::new()),
    }
}

/// What seals tenants, where policies take no others.
pub(super) fn seals(manifest: &Manifest, key: Option<&SealKey>, database: &str) -> Result<Option<Seals>> {
    let Some(seal) = manifest.tenancy.sealed() else { return Ok(None) };
    match key {
        Some(key) => Ok(Some(Seals::new(key, database, &manifest.tenancy))),
        None if seal.takes_bare() => Ok(None),
        None => Err(Error::config(
            "the manifest has [seal], and no key is named to seal tenants with; name the file that holds it by --seal-key-file, \
             or by TENANTRY_SEAL_KEY_FILE",
        )),
    }
}

/// What the server and the database are called; an error where nothing can be written.
async fn names(client: &Client) -> Result<(String, String, u32)> {
    let failed = |source| Error::script("asking for the server's version", source);
    let row = client.query_one(include_str!("../../sql/prove/server.sql"), &[]).await.map_err(failed)?;
    let text = |column: &str| row.try_get::<_, String>(column).map_err(failed);
    let number: i32 = row.try_get("number").map_err(failed)?;
    if row.try_get("is_replica").map_err(failed)? {
        return Err(Error::config(
            "the server is a read replica, where no row can be made; name the primary",
        ));
    }
    Ok((text("database")?, text("version")?, u32::try_from(number).unwrap_or_default()))
}
