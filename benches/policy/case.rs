//! One form of the policies over one number of tenants: its tables, and its statements on both sides.

use std::time::{Duration, Instant};

use tenantry::policy::{ForeignKey, Missing, Tenancy, TenantTable, secure};
use tenantry::{TenantType, migrate};
use tokio_postgres::Client;

use crate::common::AnyError;
use crate::common::cpu;
use crate::common::fixture::roles;
use crate::wire::{Batch, Wire};

pub const TENANTS: &[usize] = &[1, 1_000, 100_000];

/// How the policies get the tenant: from `tenantry.tenant_id()`, or by an expression of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub name: &'static str,
    missing: Missing,
}

pub const FORMS: &[Form] =
    &[Form { name: "function", missing: Missing::Error }, Form { name: "inline", missing: Missing::Empty }];

/// A statement, on the side without policies and on the side with them.
pub struct Work {
    pub name: &'static str,
    function: &'static str,
    /// How many rows it reads or writes.
    pub rows: usize,
    /// How often it runs in one slice: passes over this many values.
    passes: i32,
    values: i32,
    /// `$1` is one of the values, `$2` the tenant, `$3` a number that is not used again.
    sides: [&'static str; 2],
    how: How,
}

#[derive(PartialEq, Eq)]
enum How {
    /// Planned as the server chooses.
    Prepared,
    /// Every row of the table is read and asked whose it is.
    WithoutIndex,
    /// Parsed and planned each time, as an unnamed statement is.
    PlannedAnew,
}

const POINT: [&str; 2] =
    ["select * from item where tenant_id = $2 and id = $1", "select * from item where id = $1"];

pub const WORKS: &[Work] = &[
    Work {
        name: "point lookup",
        function: "point",
        rows: 1,
        passes: 5,
        values: 100,
        sides: POINT,
        how: How::Prepared,
    },
    Work {
        name: "point, planned anew",
        function: "anew",
        rows: 1,
        passes: 1,
        values: 100,
        sides: POINT,
        how: How::PlannedAnew,
    },
    Work {
        name: "100-row read",
        function: "hundred",
        rows: 100,
        passes: 1,
        values: 100,
        sides: [
            "select * from item where tenant_id = $2 and id between $1 and $1 + 99",
            "select * from item where id between $1 and $1 + 99",
        ],
        how: How::Prepared,
    },
    Work {
        name: "sequential scan",
        function: "scan",
        rows: 100_000,
        passes: 1,
        values: 1,
        sides: [
            "select sum(price) from item where tenant_id = $2 and price >= $1",
            "select sum(price) from item where price >= $1",
        ],
        how: How::WithoutIndex,
    },
    Work {
        name: "foreign key join",
        function: "joined",
        rows: 2,
        passes: 3,
        values: 100,
        sides: [
            "select * from line join item on item.tenant_id = line.tenant_id and item.id = line.item_id
             where line.tenant_id = $2 and line.id = $1",
            "select * from line join item on item.id = line.item_id where line.id = $1",
        ],
        how: How::Prepared,
    },
    Work {
        name: "foreign key insert",
        function: "insertion",
        rows: 1,
        passes: 1,
        values: 100,
        sides: [
            "insert into line (tenant_id, id, item_id, quantity) values ($2, $3, $1, 1)",
            "insert into line (id, item_id, quantity) values ($3, $1, 1)",
        ],
        how: How::Prepared,
    },
];

const FUNCTION_SUFFIX: [&str; 2] = ["by_hand", "policy"];

impl Work {
    /// The statement within the loop of a function.
    fn in_loop(&self, side: usize) -> String {
        let sql = self.sides[side];
        if self.how == How::PlannedAnew {
            let sql = sql.replace("$1", "$1::bigint");
            return format!("execute '{sql}' using i, tenant");
        }
        let sql = sql.replace("$1", "i::bigint").replace("$2", "tenant").replace("$3", "(start + i)");
        // PERFORM takes the place of SELECT and throws the rows away.
        sql.strip_prefix("select").map_or(sql.clone(), |rest| format!("perform{rest}"))
    }

    /// Which of value, tenant and number the statement takes, and their numbers in it.
    fn parameters(&self, side: usize) -> (String, Vec<usize>) {
        let mut sql = self.sides[side].to_owned();
        let taken: Vec<usize> = (0..3).filter(|at| sql.contains(&format!("${}", at + 1))).collect();
        for (number, at) in taken.iter().enumerate() {
            sql = sql.replace(&format!("${}", at + 1), &format!("${}", number + 1));
        }
        (sql, taken)
    }

    fn index(&self) -> &'static str {
        if self.how == How::WithoutIndex { "off" } else { "on" }
    }

    /// How many rows the server sends in one slice.
    fn rows_sent(&self) -> usize {
        let each = match self.function {
            "hundred" => 100,
            "insertion" => 0,
            _ => 1,
        };
        each * usize::try_from(self.executions()).unwrap_or(0)
    }

    fn executions(&self) -> i32 {
        self.passes * self.values
    }
}

pub struct Case {
    pub form: Form,
    pub tenants: usize,
    schema: String,
    sides: Vec<Side>,
}

/// A connection whose role the policies bind, or do not.
struct Side {
    wire: Wire,
    /// Numbers from here on are not used yet: a slice rolls back what it inserts, but the dead rows of a
    /// number would slow its next use.
    start: i64,
}

impl Case {
    pub async fn new(
        admin: &mut Client,
        [app, system]: &[String; 2],
        form: Form,
        tenants: usize,
    ) -> Result<Self, AnyError> {
        let schema = format!("by_{}_{tenants}", form.name);
        let tables = include_str!("tables.sql").replace("{schema}", &schema);
        admin.batch_execute(&tables.replace("{tenants}", &tenants.to_string())).await?;
        let item = format!("{schema}.item");
        let key = ForeignKey::new(["item_id"], &item, ["id"])?;
        let line = TenantTable::new(&format!("{schema}.line"))?.unique(["id"])?.foreign_key(key);
        let tables = [TenantTable::new(&item)?.unique(["id"])?, line];
        let tenancy = Tenancy::new(TenantType::Bigint).missing(form.missing);
        migrate::apply(admin, &secure(&tenancy, &roles()?, &tables)?).await?;
        for work in WORKS {
            for (side, suffix) in FUNCTION_SUFFIX.iter().enumerate() {
                let function = include_str!("timed.sql")
                    .replace("{schema}", &schema)
                    .replace("{function}", &format!("{}_{suffix}", work.function))
                    .replace("{statement}", &work.in_loop(side));
                admin.batch_execute(&function).await?;
            }
        }
        let sides = vec![Side::new(system, &schema, 0)?, Side::new(app, &schema, 1)?];
        Ok(Self { form, tenants, schema, sides })
    }

    /// Microseconds of one execution within the server.
    pub fn in_server(&mut self, work: &Work, side: usize) -> Result<f64, AnyError> {
        let Work { function, passes, values, .. } = work;
        let Side { wire, start, .. } = &mut self.sides[side];
        let (schema, suffix, last) = (&self.schema, FUNCTION_SUFFIX[side], values - 1);
        let call = format!("select {schema}.{function}_{suffix}({passes}, {last}, 0, {start})");
        *start += i64::from(work.executions());
        timed(wire, work, |wire| wire.command(&call))
    }

    /// Microseconds of one execution by the protocol.
    pub fn by_protocol(&mut self, work: &Work, side: usize) -> Result<f64, AnyError> {
        let (sql, taken) = work.parameters(side);
        let Side { wire, start, .. } = &mut self.sides[side];
        let mut batch = Batch::default();
        let name = if work.how == How::PlannedAnew { "" } else { work.function };
        for i in 0..work.executions() {
            let numbers = [i64::from(i % work.values), 0, *start + i64::from(i)];
            let numbers: Vec<i64> = taken.iter().map(|at| numbers[*at]).collect();
            if name.is_empty() {
                batch.parse(name, &sql, numbers.len())?;
            }
            batch.execute(name, &numbers)?;
        }
        *start += i64::from(work.executions());
        let expected = work.rows_sent();
        timed(wire, work, |wire| match wire.run(batch)? {
            rows if rows == expected => Ok(()),
            rows => Err(format!("{}: {rows} rows came, {expected} were expected", work.name).into()),
        })
    }
}

/// Processor time of the server's process for each execution, in microseconds. It is the time by the clock
/// where the server is not on this machine; that also counts what others do meanwhile.
fn timed(
    wire: &mut Wire,
    work: &Work,
    run: impl FnOnce(&mut Wire) -> Result<(), AnyError>,
) -> Result<f64, AnyError> {
    let index = work.index();
    // Parallel workers would be processes of their own.
    wire.command(&format!(
        "begin; set local app.tenant_id = '0'; set local max_parallel_workers_per_gather = 0;
         set local enable_indexscan = {index}; set local enable_bitmapscan = {index};
         set local enable_indexonlyscan = {index}"
    ))?;
    let pids = [wire.pid()];
    let (cpu, begun) = (cpu::nanos(&pids), Instant::now());
    run(wire)?;
    let by_clock = begun.elapsed();
    let spent = cpu.zip(cpu::nanos(&pids)).map(|(before, after)| after.saturating_sub(before));
    wire.command("rollback")?;
    let spent = spent.map_or(by_clock, Duration::from_nanos);
    Ok(spent.as_secs_f64() * 1e6 / f64::from(work.executions()))
}

impl Side {
    fn new(url: &str, schema: &str, side: usize) -> Result<Self, AnyError> {
        let mut wire = Wire::connect(url)?;
        wire.command(&format!("set search_path = {schema}"))?;
        let mut batch = Batch::default();
        for work in WORKS {
            let (sql, taken) = work.parameters(side);
            batch.parse(work.function, &sql, taken.len())?;
        }
        wire.run(batch)?;
        Ok(Self { wire, start: 1_000_000 })
    }
}
