//! Whether the proof can fail: a schema is weakened in one place at a time, and the proof has to notice.
//!
//! A proof that is green says little until it was seen to turn red. Each mutation drops or weakens a policy, a flag, a grant, a
//! key, an owner or a view's option, runs what is tried on that object again, and is taken back. Policies come in two layers
//! that keep rows by themselves, so each is tried alone as well: otherwise one would hide what became of the other.
//!
//! It runs in transactions that are rolled back, like the proof, but it takes the strongest locks there are. Let it run on a
//! copy of the schema.

mod list;
mod login;
mod seal;

use std::collections::BTreeSet;

use self::list::{Mutated, Weakened, mutations};
#[cfg(feature = "cli")]
pub(crate) use self::login::LoggedIn;
pub(crate) use self::login::Login;
use super::made::Known;
use super::report::{Aim, Cell};
use super::row::Scene;
use super::run::{Progress, Terms, seals};
use super::seat::{Patience, Seat};
use super::table::Table;
use super::target::{Target, Tried, targets};
use super::tenants::{Tenants, Who};
use super::value::{Random, Types};
use super::{large_objects, planted, resolver, sequence, session};
use crate::catalog::live;
use crate::error::Result;
use crate::policy::manifest::{Manifest, Problem};
use crate::policy::places;
use tokio_postgres::Client;

/// What became of all mutations.
#[derive(Clone, Debug)]
pub struct Mutations {
    /// Each mutation, in the order in which they were made.
    pub all: Vec<Mutation>,
}

/// One place in which a schema was weakened.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// What was weakened, such as `public.invoice`.
    pub object: String,
    /// How, such as `using true: tenantry_tenant`.
    pub what: String,
    /// The SQL that did it.
    pub sql: String,
    /// Whether the proof noticed.
    pub fate: Fate,
}

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The proof turned red, by this attempt first.
    Noticed(String),
    /// The proof stayed as it was.
    Survived,
    /// The server refused it, for this reason.
    Refused(String),
}

impl Mutations {
    /// How many were noticed, of how many that could be made.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let made = self.all.iter().filter(|of| !matches!(of.fate, Fate::Refused(_)));
        let noticed = made.clone().filter(|of| matches!(of.fate, Fate::Noticed(_)));
        (noticed.count(), made.count())
    }

    /// Those that the proof did not notice.
    pub fn survivors(&self) -> impl Iterator<Item = &Mutation> {
        self.all.iter().filter(|of| of.fate == Fate::Survived)
    }
}

/// How it has ended.
pub(crate) enum MutationsEnded {
    Done(Mutations),
    Unsettled(Vec<Problem>),
}

/// What a cell is known by.
type Red = BTreeSet<(String, Aim)>;

/// Weakens what a manifest governs, as a superuser, one thing after the other. `login`: the way in for the app role, where something
/// may be committed.
pub(crate) async fn mutate(
    manifest: &Manifest,
    mut client: Client,
    login: Option<&Login<'_>>,
    Terms { patience, key, .. }: Terms,
    progress: Progress<'_>,
) -> Result<MutationsEnded> {
    let catalog = live::load(&mut client).await?;
    let places = places(manifest, &catalog);
    if !places.problems.is_empty() {
        return Ok(MutationsEnded::Unsettled(places.problems));
    }
    let types = Types::read(&mut client).await?;
    let seat = Seat::of_seeder(client, &manifest.roles, catalog.server_version.unwrap_or_default()).await?;
    seat.demand_superuser()?;
    let database = catalog.database.as_ref().map(|database| database.name.as_str()).unwrap_or_default();
    let seals = seals(manifest, key.as_ref(), database)?;
    let seat = seat.sealing(seals.as_ref());
    let known = Known { catalog: &catalog, manifest, places: &places, types: &types };
    planted::refuse(&known, seat.login())?;
    let mut random = Random::seeded();
    let (targets, _) = targets(&known, &|_| true);
    let of = targets.len();
    let mut all = Vec::new();
    let mut roles_are_done = false;
    for (done, Tried { subject, target }) in targets.iter().enumerate() {
        progress(done, of, &subject.name);
        let mut made = mutations(&known, target)?;
        // What is weakened of a role shows on any table of tenants.
        if !roles_are_done && target.is_of_tenants() {
            made.extend(list::of_roles(&known)?);
            roles_are_done = true;
        }
        if made.is_empty() {
            continue;
        }
        let before = red(&known, &seat, target, None, patience, &mut random).await?.unwrap_or_default();
        for mutated in made {
            let after = red(&known, &seat, target, Some(&mutated), patience, &mut random).await?;
            let fate = match after {
                Err(reason) => Fate::Refused(reason),
                Ok(after) => match after.difference(&before).next() {
                    Some((attempt, aim)) => Fate::Noticed(format!("{attempt}, {}", aim.name())),
                    None => Fate::Survived,
                },
            };
            let Mutated { what, sql, .. } = mutated;
            all.push(Mutation { object: subject.name.clone(), what, sql, fate });
        }
    }
    if let Some(login) = login {
        let tenant = Tenants::made_up(manifest, &mut random).tenant(Who::Other).unwrap_or_default();
        all.extend(login::mutations(&known, &seat, login, patience, &tenant).await?);
    }
    progress(of, of, "");
    Ok(MutationsEnded::Done(Mutations { all }))
}

/// What is red of a target once it was weakened, or why it could not be.
async fn red(
    known: &Known<'_>,
    seat: &Seat,
    target: &Target<'_>,
    mutated: Option<&Mutated>,
    patience: Patience,
    random: &mut Random,
) -> Result<std::result::Result<Red, String>> {
    seat.begin(patience).await?;
    let outcome = async {
        if let Some(mutated) = mutated
            && let Err(refused) = seat.weaken(&mutated.sql).await?
        {
            return Ok(Err(refused));
        }
        let tenants = Tenants::made_up(known.manifest, random);
        let mut scene = Scene::new(known, seat, tenants, random.next(), true);
        let cells = tried(known, target, mutated, &mut scene).await?;
        let red = cells.into_iter().filter(|cell| cell.verdict.is_red());
        Ok(Ok(red.map(|cell| (cell.attempt, cell.aim)).collect()))
    };
    let outcome = outcome.await;
    seat.rollback().await?;
    outcome
}

async fn tried(
    known: &Known<'_>,
    target: &Target<'_>,
    mutated: Option<&Mutated>,
    scene: &mut Scene<'_>,
) -> Result<Vec<Cell>> {
    let weakened = mutated.map_or(&Weakened::Object, |mutated| &mutated.weakened);
    if *weakened == Weakened::Session {
        return session::escapes(known, scene.seat).await;
    }
    match target {
        Target::Window(window) => window.prove(scene, false).await,
        Target::Sequence(name) => sequence::prove(scene, name).await,
        Target::Resolver(lookup) => resolver::prove(lookup, scene, false).await,
        Target::LargeObjects => large_objects::prove(scene, false).await,
        Target::Seal => super::seal::prove(scene).await,
        Target::Table(name, place) => {
            let Some(mut table) = Table::new(known, name, place) else { return Ok(Vec::new()) };
            if let Weakened::Model(relation) = weakened {
                table.relation = relation;
            }
            let mut cells = table.prove(scene, false).await?;
            if table.is_of_tenants() {
                cells.extend(table.prove_layers(scene).await?);
            }
            Ok(cells)
        }
    }
}
