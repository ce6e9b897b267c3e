//! Tries everything on the rows of a table, as everybody.

use std::pin::pin;

use futures_util::TryStreamExt;
use tenantry::policy::Missing;
use tokio_postgres::Client;

use super::subject::Subject;
use super::world::{Role, World};

/// What is bound when a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    A,
    B,
    /// An empty text, which is what a setting leaves behind.
    Empty,
    /// Nothing, on a connection that never knew the setting.
    Never,
}

impl Bound {
    pub(super) const ALL: [Self; 4] = [Self::A, Self::B, Self::Empty, Self::Never];
}

/// Whether somebody has opened the tables since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    AsRendered,
    Opened,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) phase: Phase,
    pub(super) missing: Missing,
    pub(super) role: Role,
    pub(super) bound: Bound,
    pub(super) cells: Vec<Cell>,
}

/// What the statements of a kind came to, each with a number of rows or a SQLSTATE.
pub(super) type Cell = Vec<String>;

/// The kinds of statements. [`statements`] has those of each.
pub(super) const COLUMNS: [&str; 10] =
    ["select", "lock", "insert", "update", "delete", "move", "all", "upsert", "truncate", "copy to"];

fn statements(subject: &Subject, n: &str) -> Vec<Vec<String>> {
    let Subject { table, column, values, .. } = subject;
    let each = |statement: &dyn Fn(&str, usize) -> String| -> Vec<String> {
        values.iter().enumerate().map(|(at, value)| statement(value, at + 1)).collect()
    };
    let [a, b, ..] = values;
    vec![
        each(&|_, row| format!("SELECT FROM {table} WHERE {n} = {row}")),
        each(&|_, row| format!("SELECT FROM {table} WHERE {n} = {row} FOR UPDATE")),
        each(&|value, _| format!("INSERT INTO {table} ({column}, {n}) VALUES ({value}, 9)")),
        each(&|_, row| format!("UPDATE {table} SET note = 'x' WHERE {n} = {row}")),
        each(&|_, row| format!("DELETE FROM {table} WHERE {n} = {row}")),
        vec![
            format!("UPDATE {table} SET {column} = {b} WHERE {n} = 1"),
            format!("UPDATE {table} SET {column} = {a} WHERE {n} = 2"),
            // Without a WHERE the policies for reading do not look at the new rows.
            format!("UPDATE {table} SET {column} = {b}"),
            format!("UPDATE {table} SET {column} = {a}"),
        ],
        vec![format!("UPDATE {table} SET note = 'x'"), format!("DELETE FROM {table}")],
        each(&|value, row| {
            format!(
                "INSERT INTO {table} ({column}, {n}) VALUES ({value}, {row})
                 ON CONFLICT ({n}) DO UPDATE SET note = 'x'"
            )
        }),
        vec![format!("TRUNCATE {table}")],
    ]
}

/// Tries everything on a table as these roles, with these bound.
pub(super) async fn measure(
    world: &World,
    clients: &mut [Client; 2],
    subject: &Subject,
    phase: Phase,
    roles: &[Role],
) -> Vec<Row> {
    let n = world.naming.quoted("n");
    let kinds = statements(subject, &n);
    let all: Vec<&String> = kinds.iter().flatten().collect();
    let mut rows = Vec::new();
    for role in roles {
        for bound in Bound::ALL {
            let client = &mut clients[usize::from(bound == Bound::Never)];
            let transaction = client.transaction().await.unwrap();
            let mut setup = String::new();
            if *role == Role::Public {
                setup += &world.grant_everything("PUBLIC");
            }
            setup += &format!("SET LOCAL ROLE {}", world.role(*role));
            transaction.batch_execute(&setup).await.unwrap();
            let (setting, value) = world.binding(subject.context, usize::from(bound == Bound::B));
            let value = if bound == Bound::Empty { String::new() } else { value };
            if bound != Bound::Never {
                transaction.query_one("SELECT set_config($1, $2, true)", &[&setting, &value]).await.unwrap();
            }
            let probe = "SELECT probe.run(s) FROM unnest($1::text[]) WITH ORDINALITY AS u (s, n) ORDER BY n";
            let found = transaction.query(probe, &[&all]).await.unwrap();
            let mut found = found.iter().map(|row| row.get::<_, String>(0));
            let mut cells: Vec<Cell> =
                kinds.iter().map(|kind| found.by_ref().take(kind.len()).collect()).collect();
            if let Some(truncated) = cells.last_mut().filter(|cell| cell[0] == "0") {
                // It does not say how many rows were there.
                truncated[0] = "done".to_owned();
            }
            cells.push(vec![copied(&transaction, subject).await]);
            transaction.rollback().await.unwrap();
            rows.push(Row { phase, missing: world.missing, role: *role, bound, cells });
        }
    }
    rows
}

/// A function cannot copy to its client.
async fn copied(transaction: &tokio_postgres::Transaction<'_>, subject: &Subject) -> String {
    let lines = async {
        let mut stream = pin!(transaction.copy_out(&format!("COPY {} TO STDOUT", subject.table)).await?);
        let mut lines = 0;
        while let Some(line) = stream.try_next().await? {
            lines += line.iter().filter(|byte| **byte == b'\n').count();
        }
        Ok(lines)
    };
    match lines.await {
        Ok(lines) => lines.to_string(),
        Err(error) => {
            let error: tokio_postgres::Error = error;
            error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned())
        }
    }
}
