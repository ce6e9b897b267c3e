//! The work that every peer does: four jobs on three tables.
//!
//! The SQL stands here once. A peer that has a query builder in place of SQL builds the same
//! statements, and [`crate::check`] compares the rows.

/// What went wrong, in any of the libraries.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The rows of a read: id and text.
pub type Rows = Vec<(i64, String)>;

/// The setting that carries the tenant. Every peer but one takes any name; qail-pg has this one
/// built in, so all of them bind it and one set of policies holds for all.
pub const SETTING: &str = "app.current_tenant_id";

/// The statement with which a peer that has no own form binds the tenant.
pub const BIND: &str = "select set_config('app.current_tenant_id', $1, true)";

pub const POINT: &str = "select id, name from bench.item where id = $1";
pub const HUNDRED: &str = "select id, name from bench.item where id >= $1 and id < $2 order by id";
pub const INSERT: &str = "insert into bench.entry (item, note) values ($1, $2)";
pub const UPDATE: &str = "update bench.stock set note = $2 where id = $1";
pub const STOCK: &str = "select id, note from bench.stock where id = $1";

/// How many rows the larger read returns.
pub const MANY: i64 = 100;

/// One request of one tenant.
#[derive(Clone, Debug)]
pub struct Unit {
    pub job: Job,
    pub tenant: i64,
    pub id: i64,
    pub note: String,
}

impl Unit {
    pub fn new(job: Job, tenant: i64, id: i64) -> Self {
        Self { job, tenant, id, note: format!("note {id}") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// [`POINT`].
    PointRead,
    /// [`HUNDRED`].
    HundredRows,
    /// [`INSERT`].
    Insert,
    /// [`POINT`], [`INSERT`], [`UPDATE`], [`INSERT`], [`STOCK`] in one transaction. The rows are
    /// those of both reads.
    FiveStatements,
}

impl Job {
    pub const ALL: [Self; 4] = [Self::PointRead, Self::HundredRows, Self::Insert, Self::FiveStatements];

    /// How the report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PointRead => "point read",
            Self::HundredRows => "100-row read",
            Self::Insert => "insert",
            Self::FiveStatements => "5 statements",
        }
    }

    /// How many rows it adds to `bench.entry`.
    pub fn inserts(self) -> i64 {
        match self {
            Self::PointRead | Self::HundredRows => 0,
            Self::Insert => 1,
            Self::FiveStatements => 2,
        }
    }
}
