//! The isolation matrix: who can do what with whose rows, tried on a server for every shape.

mod invariants;
mod markdown;
mod measure;
mod naming;
mod subject;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use tenantry::TenantType;
use tenantry::policy::Missing;

use self::measure::{Phase, Row, measure};
use self::naming::Naming;
use self::world::{Role, World};

/// By the label of the subject.
type Matrix = BTreeMap<&'static str, Vec<Row>>;

/// Every subject of a world, as everybody, before and after somebody opened the tables.
async fn matrix(world: &World, roles: &[Role]) -> Matrix {
    let mut matrix = Matrix::new();
    let mut clients = [world.admin.connect().await, world.admin.connect().await];
    for phase in [Phase::AsRendered, Phase::Opened] {
        if phase == Phase::Opened {
            world.run(&world.open_everything()).await;
        }
        for subject in &world.subjects {
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

/// A variant of a shape comes to what the shape comes to.
fn assert_variants(matrix: &Matrix) {
    for (label, rows) in matrix {
        let Some((shape, _)) = label.split_once(',') else { continue };
        for (found, expected) in rows.iter().zip(&matrix[shape]) {
            assert_eq!(found, expected, "{label}");
        }
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs() {
    let mut both = Matrix::new();
    for missing in [Missing::Error, Missing::Empty] {
        let world = World::new(TenantType::Uuid, missing, Naming::Plain).await;
        let matrix = matrix(&world, &Role::ALL).await;
        assert_variants(&matrix);
        for (label, rows) in matrix {
            both.entry(label).or_default().extend(rows);
        }
    }
    let order = world_order();
    let tables = order
        .into_iter()
        .filter(|label| !label.contains(','))
        .map(|label| markdown::table(label, &both[label]));
    let found = markdown::HEAD.to_owned() + &tables.collect::<String>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/policy/expected/matrix.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of matrix.md", line + 1);
    }
    assert_eq!(found, expected, "matrix.md");
}

fn world_order() -> Vec<&'static str> {
    subject::subjects(Naming::Plain, TenantType::Uuid).iter().map(|subject| subject.label).collect()
}
