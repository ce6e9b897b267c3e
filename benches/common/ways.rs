//! The ways to run a work on one connection: without tenants, with tenants as most bind them, and with
//! this crate.

use futures_util::future::try_join4;
use tenantry::types::ToSql;
use tenantry::{Statements, Strategy, TenantPool};
use tokio_postgres::{Client, GenericClient, Statement};

use super::AnyError;
use super::fixture::{Fixture, ROWS, STRATEGIES, TENANT, connect, tenant_pool};

/// One statement of a work.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Point,
    Hundred,
    Insert,
    Update,
}

impl Step {
    const ALL: [Self; 4] = [Self::Point, Self::Hundred, Self::Insert, Self::Update];

    /// The statement as one writes it where the database tells tenants apart.
    pub fn scoped(self) -> &'static str {
        match self {
            Self::Point => "select * from bench.item where id = $1",
            Self::Hundred => "select * from bench.item where id between $1 and $1 + 99",
            Self::Insert => "insert into bench.entry (item_id, quantity) values ($1, 1)",
            Self::Update => "update bench.stock set quantity = quantity + 1 where item_id = $1",
        }
    }

    /// The statement as one writes it where nothing else does.
    pub fn filtered(self) -> &'static str {
        match self {
            Self::Point => "select * from bench.item where tenant_id = $2 and id = $1",
            Self::Hundred => "select * from bench.item where tenant_id = $2 and id between $1 and $1 + 99",
            Self::Insert => "insert into bench.entry (item_id, quantity, tenant_id) values ($1, 1, $2)",
            Self::Update => {
                "update bench.stock set quantity = quantity + 1 where tenant_id = $2 and item_id = $1"
            }
        }
    }

    /// How many rows it reads or changes.
    fn rows(self) -> usize {
        if matches!(self, Self::Hundred) { 100 } else { 1 }
    }

    fn reads(self) -> bool {
        matches!(self, Self::Point | Self::Hundred)
    }

    /// A bench of a statement that does not do its work would be fast.
    fn check(self, rows: usize) -> Result<(), AnyError> {
        if rows == self.rows() { Ok(()) } else { Err(format!("{self:?} met {rows} rows").into()) }
    }
}

/// What is done in one turn.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    pub name: &'static str,
    pub steps: &'static [Step],
}

pub const POINT: Work = Work { name: "point read", steps: &[Step::Point] };
pub const HUNDRED: Work = Work { name: "100-row read", steps: &[Step::Hundred] };
pub const INSERT: Work = Work { name: "insert", steps: &[Step::Insert] };
pub const FIVE: Work = Work {
    name: "5 statements",
    steps: &[Step::Point, Step::Point, Step::Insert, Step::Update, Step::Point],
};

impl Work {
    /// Whether an autocommit statement does this work. If not, the reference is the transaction without tenants.
    pub fn is_single(self) -> bool {
        self.steps.len() == 1
    }
}

pub enum Way {
    /// Autocommit, a filter by hand.
    Plain(Raw),
    /// A transaction of tokio-postgres, a filter by hand.
    Transaction(Raw),
    /// The policies without the switch: one tenant for the whole session, autocommit or a transaction of
    /// tokio-postgres. It tells which part of a scoped statement's cost is the policies', and is
    /// nothing that a service could do.
    Fixed(Raw),
    /// `BEGIN`, the tenant, the statements and `COMMIT`, each awaited before the next is sent.
    OneByOne(Raw),
    /// `BEGIN`, the tenant and the first statement sent before the first answer is awaited, and `COMMIT`
    /// as well where the statement is the only one.
    Pipelined(Raw),
    Scoped(&'static str, TenantPool),
}

impl Way {
    /// All ways, each on a connection of its own; through a proxy if there is one.
    pub async fn all(fixture: &Fixture, port: Option<u16>) -> Result<Vec<Self>, AnyError> {
        let url = |url: String| port.map_or(Ok(url.clone()), |port| fixture.through(&url, port));
        let app = url(fixture.app_url("bench"))?;
        let plain = url(fixture.plain_url("bench"))?;
        let mut ways = vec![
            Self::Plain(Raw::connect(&plain, Step::filtered, true).await?),
            Self::Transaction(Raw::connect(&plain, Step::filtered, true).await?),
            Self::Fixed(Raw::connect(&app, Step::scoped, false).await?.fixed().await?),
            Self::OneByOne(Raw::connect(&app, Step::scoped, false).await?),
            Self::Pipelined(Raw::connect(&app, Step::scoped, false).await?),
        ];
        for (name, strategy) in STRATEGIES {
            ways.push(Self::scoped(name, &app, *strategy).await?);
        }
        Ok(ways)
    }

    async fn scoped(name: &'static str, url: &str, strategy: Strategy) -> Result<Self, AnyError> {
        Ok(Self::Scoped(name, tenant_pool(url, strategy).max_size(1).build().await?))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain autocommit, filter by hand",
            Self::Transaction(_) => "transaction without tenants",
            Self::Fixed(_) => "policies alone, one tenant for good",
            Self::OneByOne(_) => "BEGIN, tenant, ..., COMMIT in turn",
            Self::Pipelined(_) => "the same pipelined by hand",
            Self::Scoped(name, _) => name,
        }
    }

    pub fn can(&self, work: Work) -> bool {
        work.is_single() || !matches!(self, Self::Plain(_))
    }

    pub async fn run(&mut self, work: Work, round: usize) -> Result<(), AnyError> {
        let id = i64::try_from(round)? * 13 % (ROWS - 100);
        match self {
            Self::Plain(raw) => raw.steps(&raw.client, work.steps, id).await,
            Self::Fixed(raw) if work.is_single() => raw.steps(&raw.client, work.steps, id).await,
            Self::Transaction(Raw { client, prepared }) | Self::Fixed(Raw { client, prepared }) => {
                let transaction = client.transaction().await?;
                prepared.steps(&transaction, work.steps, id).await?;
                Ok(transaction.commit().await?)
            }
            Self::OneByOne(Raw { client, prepared }) => {
                let transaction = client.transaction().await?;
                prepared.bind(&transaction).await?;
                prepared.steps(&transaction, work.steps, id).await?;
                Ok(transaction.commit().await?)
            }
            Self::Pipelined(raw) => raw.pipelined(work.steps, id).await,
            Self::Scoped(_, pool) => scoped(pool, work.steps, id).await,
        }
    }
}

/// A connection and its statements.
pub struct Raw {
    client: Client,
    prepared: Prepared,
}

impl std::ops::Deref for Raw {
    type Target = Prepared;

    fn deref(&self) -> &Prepared {
        &self.prepared
    }
}

pub struct Prepared {
    set_context: Statement,
    /// In the order of [`Step::ALL`].
    steps: Vec<Statement>,
    filtered: bool,
}

impl Raw {
    async fn connect(url: &str, sql: fn(Step) -> &'static str, filtered: bool) -> Result<Self, AnyError> {
        let client = connect(url).await?;
        let set_context = client.prepare("select set_config('app.tenant_id', $1, true)").await?;
        let mut steps = Vec::new();
        for step in Step::ALL {
            steps.push(client.prepare(sql(step)).await?);
        }
        Ok(Self { client, prepared: Prepared { set_context, steps, filtered } })
    }

    async fn fixed(self) -> Result<Self, AnyError> {
        self.client.execute("select set_config('app.tenant_id', $1, false)", &[&"7"]).await?;
        Ok(self)
    }

    async fn pipelined(&self, steps: &[Step], id: i64) -> Result<(), AnyError> {
        let Some((first, others)) = steps.split_first() else { return Ok(()) };
        // A future of tokio-postgres sends its whole request when it is polled first, so the order of
        // these four is the order on the wire.
        let commit = async { if others.is_empty() { self.command("commit").await } else { Ok(()) } };
        let (begin, bind) = (self.command("begin"), self.bind(&self.client));
        try_join4(begin, bind, self.step(&self.client, *first, id), commit).await?;
        if !others.is_empty() {
            self.steps(&self.client, others, id).await?;
            self.command("commit").await?;
        }
        Ok(())
    }

    async fn command(&self, sql: &str) -> Result<(), AnyError> {
        Ok(self.client.batch_execute(sql).await?)
    }
}

impl Prepared {
    async fn bind(&self, client: &(impl GenericClient + Sync)) -> Result<(), AnyError> {
        client.execute(&self.set_context, &[&"7"]).await?;
        Ok(())
    }

    async fn steps(
        &self,
        client: &(impl GenericClient + Sync),
        steps: &[Step],
        id: i64,
    ) -> Result<(), AnyError> {
        for step in steps {
            self.step(client, *step, id).await?;
        }
        Ok(())
    }

    async fn step(&self, client: &(impl GenericClient + Sync), step: Step, id: i64) -> Result<(), AnyError> {
        let params: [&(dyn ToSql + Sync); 2] = [&id, &TENANT];
        let params = if self.filtered { &params[..] } else { &params[..1] };
        let statement = &self.steps[step as usize];
        let rows = if step.reads() {
            client.query(statement, params).await?.len()
        } else {
            usize::try_from(client.execute(statement, params).await?)?
        };
        step.check(rows)
    }
}

async fn scoped(pool: &TenantPool, steps: &[Step], id: i64) -> Result<(), AnyError> {
    let scope = pool.tenant(TENANT);
    if let [step] = steps {
        return scoped_step(&scope, *step, id).await;
    }
    let transaction = scope.begin();
    for step in steps {
        scoped_step(&transaction, *step, id).await?;
    }
    Ok(transaction.commit().await?)
}

pub async fn scoped_step(on: &Statements, step: Step, id: i64) -> Result<(), AnyError> {
    let rows = if step.reads() {
        on.query(step.scoped(), &[&id]).await?.len()
    } else {
        usize::try_from(on.execute(step.scoped(), &[&id]).await?)?
    };
    step.check(rows)
}
