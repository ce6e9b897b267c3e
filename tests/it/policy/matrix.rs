//! The isolation matrix: who can do what with whose rows, tried on a server for every shape.

mod invariants;
mod markdown;
mod measure;
mod naming;
mod subject;
mod world;
mod written;

use std::collections::BTreeMap;

use tenantry::TenantType;
use tenantry::policy::Missing;
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;

use self::measure::{Bound, Phase, Row, measure};
use self::naming::Naming;
use self::subject::{Subject, subjects};
use self::world::{Role, World};
use super::expected::compare;

/// By the label of the subject.
type Matrix = BTreeMap<&'static str, Vec<Row>>;

/// What every subject of a world comes to, before and after somebody opened the tables. The laws hold of it.
async fn matrix(world: &World, everybody: bool) -> Matrix {
    let mut matrix = Matrix::new();
    let mut clients = [world.admin.connect().await, world.admin.connect().await];
    for phase in [Phase::AsRendered, Phase::Opened] {
        if phase == Phase::Opened {
            world.run(&world.open_everything()).await;
        }
        for subject in &world.subjects {
            let whole = everybody && !subject.is_variant();
            let roles: &[Role] = match phase {
                Phase::AsRendered if whole => &Role::ALL,
                // PUBLIC has what the others have now.
                Phase::Opened if whole => &[Role::App, Role::Owner, Role::Other],
                Phase::AsRendered => &[Role::App],
                Phase::Opened => &[Role::Other],
            };
            let found = measure(world, &mut clients, subject, phase, roles).await;
            matrix.entry(subject.label).or_default().extend(found);
        }
    }
    let broken: Vec<String> = world
        .subjects
        .iter()
        .flat_map(|subject| invariants::broken(subject.label, &subject.shape, &matrix[subject.label]))
        .collect();
    assert!(broken.is_empty(), "{} in all\n{}", broken.len(), broken[..broken.len().min(20)].join("\n"));
    matrix
}

/// Rows of one matrix are those of another, a variant's those of its shape.
fn assert_same(found: &Matrix, expected: &Matrix) {
    for (label, rows) in found {
        let shape = label.split_once(',').map_or(*label, |(shape, _)| shape);
        for row in rows {
            let same = |expected: &&Row| {
                let key = |row: &Row| (row.phase, row.role, row.bound);
                key(expected) == key(row)
            };
            let expected = expected[shape].iter().find(same).unwrap();
            assert_eq!(
                row.cells, expected.cells,
                "{label}, {:?}, {:?}, {:?}",
                row.phase, row.role, row.bound
            );
        }
    }
}

/// Everybody's matrix, with an error where no tenant is bound and with nothing.
async fn everybody() -> &'static [Matrix; 2] {
    static MATRICES: OnceCell<[Matrix; 2]> = OnceCell::const_new();
    let of = async |missing| {
        let world = World::new(TenantType::Uuid, missing, Naming::Plain).await;
        matrix(&world, true).await
    };
    let measured = async || <[Matrix; 2]>::from(tokio::join!(of(Missing::Error), of(Missing::Empty)));
    MATRICES.get_or_init(measured).await
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs() {
    let [error, empty] = everybody().await;
    let mut found = markdown::HEAD.to_owned();
    for subject in subjects(Naming::Plain, TenantType::Uuid).iter().filter(|subject| !subject.is_variant()) {
        let rows: Vec<&Row> = error[subject.label].iter().chain(&empty[subject.label]).collect();
        found += &markdown::table(subject.label, rows);
    }
    compare("matrix.md", &found);
}

#[tokio::test]
async fn a_variant_comes_to_what_its_shape_does() {
    for matrix in everybody().await {
        assert_same(matrix, matrix);
    }
}

#[tokio::test]
async fn what_is_missing_changes_nothing_for_those_who_have_a_tenant() {
    let [error, empty] = everybody().await;
    let mut bound = empty.clone();
    for rows in bound.values_mut() {
        rows.retain(|row| row.bound < Bound::Empty);
    }
    assert_same(&bound, error);
}

/// What another type of tenants or other names come to is what uuids and plain names do.
async fn changes_nothing(tenant_type: TenantType, naming: Naming) {
    for (missing, expected) in [Missing::Error, Missing::Empty].into_iter().zip(everybody().await) {
        let world = World::new(tenant_type, missing, naming).await;
        assert_same(&matrix(&world, false).await, expected);
    }
}

#[tokio::test]
async fn tenants_of_type_bigint_change_nothing() {
    changes_nothing(TenantType::Bigint, Naming::Plain).await;
}

#[tokio::test]
async fn tenants_of_type_integer_change_nothing() {
    changes_nothing(TenantType::Integer, Naming::Plain).await;
}

#[tokio::test]
async fn tenants_of_type_text_change_nothing() {
    changes_nothing(TenantType::Text, Naming::Plain).await;
}

#[tokio::test]
async fn names_in_quotes_change_nothing() {
    changes_nothing(TenantType::Uuid, Naming::Quoted).await;
}

#[tokio::test]
async fn long_names_change_nothing() {
    changes_nothing(TenantType::Text, Naming::Long).await;
}

#[tokio::test]
async fn names_full_of_signs_change_nothing() {
    changes_nothing(TenantType::Integer, Naming::Signs).await;
}

#[tokio::test]
async fn the_server_writes_back_what_was_rendered() {
    for tenant_type in [TenantType::Uuid, TenantType::Bigint, TenantType::Integer, TenantType::Text] {
        for missing in [Missing::Error, Missing::Empty] {
            written::compare(&World::new(tenant_type, missing, Naming::Plain).await).await;
        }
    }
    for naming in [Naming::Quoted, Naming::Long, Naming::Signs] {
        written::compare(&World::new(TenantType::Text, Missing::Error, naming).await).await;
    }
}

/// The restrictive policies say what the permissive ones say, and the planner drops what is said twice.
#[tokio::test]
async fn the_floor_costs_nothing() {
    let world = World::new(TenantType::Uuid, Missing::Error, Naming::Plain).await;
    for subject in &world.subjects {
        let plans = plans(&world, subject).await;
        let floors = format!(
            "SELECT string_agg(format('DROP POLICY %I ON {0};', polname), '')
             FROM pg_policy WHERE NOT polpermissive AND polrelid = '{0}'::regclass",
            subject.table
        );
        let drop: String = world.admin.query_one(&floors, &[]).await.unwrap().get(0);
        world.run(&drop).await;
        assert_eq!(self::plans(&world, subject).await, plans, "{}", subject.label);
    }
}

/// The plans of a read and of a deletion as the app role, or why there are none.
async fn plans(world: &World, subject: &Subject) -> Vec<Result<String, SqlState>> {
    let mut plans = Vec::new();
    for statement in ["SELECT * FROM", "DELETE FROM"] {
        world.run(&format!("SET ROLE {}", world.role(Role::App))).await;
        let explain = format!("EXPLAIN (COSTS OFF) {statement} {}", subject.table);
        let lines = world.admin.query(&explain, &[]).await;
        world.run("RESET ROLE").await;
        let text =
            |rows: Vec<tokio_postgres::Row>| rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect();
        plans.push(lines.map(text).map_err(|error| error.code().unwrap().clone()));
    }
    plans
}
