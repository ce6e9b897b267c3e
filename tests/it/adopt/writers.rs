//! Services at work while their tables are adopted: none of their statements fails, none waits long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::world::{A, B, BY_COMPANY, World};
use crate::support::eventually;

/// How long a statement may wait for a lock before the server ends it, as a text: the tool's own limit, and time for its work on
/// a machine that is busy.
const LIMIT: &str = "2500ms";

/// How many rounds of a service each phase is met by, whatever the pace of the machine.
const ROUNDS: u32 = 3;

/// Whether a service binds the tenant in each of its transactions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Knows {
    Nothing,
    Tenant(&'static str),
}

pub(super) struct Service {
    name: String,
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Service {
    /// One of the ERP that is at work.
    pub(super) async fn start(world: &World, knows: Knows) -> Self {
        let client = world.as_app().await;
        Self::of(client, knows, move |name| statements(knows, name)).await
    }

    /// One that runs the statements of a round, each in its transaction, and then those of the next. Rounds have names.
    pub(super) async fn of(
        mut client: Client,
        knows: Knows,
        statements: impl Fn(&str) -> Vec<String> + Send + 'static,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let rounds = Arc::new(AtomicU32::new(0));
        let done = Arc::clone(&rounds);
        let name = format!("service {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let of = name.clone();
        let task = tokio::spawn(async move {
            client.execute("SELECT set_config('lock_timeout', $1, false)", &[&LIMIT]).await.unwrap();
            while !stopped.load(Ordering::Relaxed) {
                let statements = statements(&format!("{of} {}", done.load(Ordering::Relaxed)));
                round(&mut client, knows, statements).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        let service = Self { name, stop, rounds, task };
        service.meets().await;
        service
    }

    /// Waits until it has met what there is now in some rounds, each from its beginning to its end. One that has failed meets
    /// nothing more, and `end` says so.
    pub(super) async fn meets(&self) {
        let done = || self.rounds.load(Ordering::Relaxed);
        // The round that is under way has begun before. What is waited for is the next one each time, however slow they are.
        for _ in 0..=ROUNDS {
            let before = done();
            let next = || async { self.task.is_finished() || done() > before };
            eventually(&format!("{} goes on", self.name), next).await;
        }
    }

    pub(super) async fn end(self) {
        self.meets().await;
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("a statement of a service failed");
    }
}

/// A customer, its invoice with a line and a note, some changes, and a look at all of it.
fn statements(knows: Knows, name: &str) -> Vec<String> {
    let (company, other) = match knows {
        Knows::Nothing => (A, B),
        // Nobody who knows of tenants moves anything to another one.
        Knows::Tenant(tenant) => (tenant, tenant),
    };
    vec![
        format!("INSERT INTO erp.customer (company_id, name) VALUES ('{company}', '{name}')"),
        format!("INSERT INTO erp.customer (company_id, name) VALUES ('{other}', 'other {name}')"),
        format!(
            "INSERT INTO erp.invoice (customer_id, number) SELECT id, name FROM erp.customer WHERE name = '{name}'"
        ),
        // To another customer, perhaps of another company.
        format!(
            "UPDATE erp.invoice SET customer_id = (SELECT id FROM erp.customer WHERE name = 'other {name}')
             WHERE number = '{name}'"
        ),
        format!(
            "INSERT INTO erp.\"Odd \"\"line\"\"\" (\"in voice\", \"no.\", customer_id)
             SELECT id, 'A', customer_id FROM erp.invoice WHERE number = '{name}'"
        ),
        format!(
            "INSERT INTO erp.note (line_invoice, line_no, said) SELECT id, 'A', number FROM erp.invoice WHERE number = '{name}'"
        ),
        format!("UPDATE erp.invoice SET total = total + 1 WHERE number = '{name}'"),
        // One of those that were there before.
        format!("UPDATE erp.invoice SET total = total + 1 WHERE id = {}", 1 + name.len() * 7 % 300),
        "SELECT count(*) FROM erp.invoice JOIN erp.customer ON customer.id = customer_id".to_owned(),
    ]
}

async fn round(client: &mut Client, knows: Knows, statements: Vec<String>) {
    for sql in statements {
        let transaction = client.transaction().await.unwrap();
        if let Knows::Tenant(tenant) = knows {
            transaction.query_one("SELECT set_config('app.tenant_id', $1, true)", &[&tenant]).await.unwrap();
        }
        transaction.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        transaction.commit().await.unwrap();
    }
}

/// The phases before the one in which policies come.
const PHASES: [&str; 6] = ["column", "fill", "backfill", "not-null", "keys", "foreign-keys"];

/// Takes the adoption through a phase, while services work, which then meet what it has left.
async fn go_on(world: &World, args: &[&str], phase: &str, services: &[&Service]) {
    // Many batches, and not so many that a fast service keeps it busy for minutes with what it has written until then.
    let mut tool = world.start(&[args, &["--until", phase, "--batch", "200"]].concat());
    let ended = tokio::task::spawn_blocking(move || {
        while tool.next().is_some() {}
        tool.end()
    });
    assert_eq!(ended.await.unwrap(), 0, "{phase}");
    for service in services {
        service.meets().await;
    }
}

/// Services that know nothing of tenants, up to the phase in which policies come; those that know, through all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_work_on_while_their_tables_are_adopted() {
    let mut world = World::new().await;
    let knowing = Service::start(&world, Knows::Tenant(B)).await;
    let unknowing = Service::start(&world, Knows::Nothing).await;
    for phase in PHASES {
        let args: &[&str] = if phase == "column" { BY_COMPANY } else { &[] };
        go_on(&world, args, phase, &[&knowing, &unknowing]).await;
    }
    unknowing.end().await;
    world.adopted(&[]);
    knowing.end().await;
    assert_eq!(world.wrong_rows().await, 0);
    assert!(world.planned().await.iter().all(|step| step.starts_with("erp.company: ")));
}

/// Where all rows that are there are one tenant's, those of services that bind another one are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_is_bound_is_that_of_new_rows_from_the_first_phase_on() {
    let mut world = World::new().await;
    let one = Service::start(&world, Knows::Nothing).await;
    world.adopted(&["customer", "--children", "--tenant", A, "--until", "column"]);
    // What was there until then is all of one tenant's, so the second one comes now.
    let other = Service::start(&world, Knows::Tenant(B)).await;
    for phase in &PHASES[1..] {
        go_on(&world, &[], phase, &[&one, &other]).await;
    }
    let (name_of_one, name_of_other) = (one.name.clone(), other.name.clone());
    one.end().await;
    world.adopted(&[]);
    other.end().await;
    for (name, tenant) in [(name_of_one, A), (name_of_other, B)] {
        let of = |condition: &str| {
            format!(
                "SELECT count(*) FROM erp.invoice WHERE number LIKE '{name} %' AND tenant_id {condition} '{tenant}'"
            )
        };
        assert!(world.count(&of("=")).await > 0, "{name}");
        assert_eq!(world.count(&of("<>")).await, 0, "{name}");
    }
    let before =
        format!("SELECT count(*) FROM erp.invoice WHERE number LIKE 'number %' AND tenant_id <> '{A}'");
    assert_eq!(world.count(&before).await, 0);
    assert!(world.planned().await.iter().all(|step| step.starts_with("erp.company: ")));
}
