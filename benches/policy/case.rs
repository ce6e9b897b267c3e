//! One form of the policies over one number of tenants: its tables, and its statements on both sides.

use futures_util::future::try_join_all;
use tenantry::policy::{ForeignKey, Missing, Tenancy, TenantTable, secure};
use tenantry::{TenantType, migrate};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use crate::common::AnyError;
use crate::common::cpu;
use crate::common::fixture::{connect, roles};
use crate::common::stats::float;

pub const TENANTS: &[usize] = &[1, 1_000, 100_000];

/// How the policies get the tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub name: &'static str,
    schema: &'static str,
    missing: Missing,
}

pub const FORMS: &[Form] = &[
    Form { name: "tenantry.tenant_id()", schema: "by_function", missing: Missing::Error },
    Form { name: "inline expression", schema: "inline", missing: Missing::Empty },
];

/// A statement, on the side without policies and on the side with them.
pub struct Work {
    pub name: &'static str,
    function: &'static str,
    /// How many rows it reads.
    pub rows: usize,
    /// How often it runs in one slice.
    repeat: i32,
    /// `tenant` and `i` stand for the tenant and a number that changes.
    sides: [&'static str; 2],
    how: How,
}

#[derive(PartialEq, Eq)]
enum How {
    /// Planned as the server chooses.
    Prepared,
    /// Every row of the table is read and asked whose it is.
    WithoutIndex,
    /// Planned each time, as an unnamed statement is.
    PlannedAnew,
}

pub const WORKS: &[Work] = &[
    Work {
        name: "point lookup",
        function: "point",
        rows: 1,
        repeat: 1_000,
        sides: [
            "select * from item where tenant_id = tenant and id = i % 200",
            "select * from item where id = i % 200",
        ],
        how: How::Prepared,
    },
    Work {
        name: "point lookup, planned anew",
        function: "anew",
        rows: 1,
        repeat: 100,
        sides: [
            "select * from item where tenant_id = tenant and id = i % 200",
            "select * from item where id = i % 200",
        ],
        how: How::PlannedAnew,
    },
    Work {
        name: "100-row read",
        function: "hundred",
        rows: 100,
        repeat: 150,
        sides: [
            "select * from item where tenant_id = tenant and id between i % 100 and i % 100 + 99",
            "select * from item where id between i % 100 and i % 100 + 99",
        ],
        how: How::Prepared,
    },
    Work {
        name: "sequential scan",
        function: "scan",
        rows: 100_000,
        repeat: 1,
        sides: [
            "select sum(price) from item where tenant_id = tenant and id >= i * 0",
            "select sum(price) from item where id >= i * 0",
        ],
        how: How::WithoutIndex,
    },
    Work {
        name: "join over a foreign key",
        function: "joined",
        rows: 2,
        repeat: 500,
        sides: [
            "select * from line join item on item.tenant_id = line.tenant_id and item.id = line.item_id
             where line.tenant_id = tenant and line.id = i % 200",
            "select * from line join item on item.id = line.item_id where line.id = i % 200",
        ],
        how: How::Prepared,
    },
    Work {
        name: "insert with a foreign key",
        function: "insertion",
        rows: 1,
        repeat: 150,
        sides: [
            "insert into line (tenant_id, id, item_id, quantity) values (tenant, 1000000 + i, i % 200, 1)",
            "insert into line (id, item_id, quantity) values (1000000 + i, i % 200, 1)",
        ],
        how: How::Prepared,
    },
];

const FUNCTION_SUFFIX: [&str; 2] = ["by_hand", "policy"];

impl Work {
    /// The statement within the loop of a function.
    fn in_loop(&self, side: usize) -> String {
        let sql = self.sides[side];
        match self.how {
            How::PlannedAnew => {
                let sql = sql.replace("i %", "$1 %").replace("= tenant", "= $2");
                format!("execute '{sql}' using i, tenant")
            }
            // PERFORM takes the place of SELECT and throws the rows away.
            _ => sql.strip_prefix("select").map_or(sql.to_owned(), |rest| format!("perform{rest}")),
        }
    }

    /// The statement for the protocol. Both sides have two parameters, and one ignores the tenant.
    fn prepared(&self, side: usize) -> String {
        let sql = self.sides[side].replace("= tenant", "= $2").replace("(tenant,", "($2,");
        sql.replace("i %", "$1::bigint %").replace("+ i,", "+ $1::bigint,").replace("i *", "$1::bigint *")
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
    client: Client,
    pid: i32,
    statements: Vec<Statement>,
}

impl Case {
    pub async fn new(
        admin: &mut Client,
        [app, system]: &[String; 2],
        form: Form,
        tenants: usize,
    ) -> Result<Self, AnyError> {
        let schema = format!("{}_{tenants}", form.schema);
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
                let index = if work.how == How::WithoutIndex { "off" } else { "on" };
                let function = include_str!("timed.sql")
                    .replace("{schema}", &schema)
                    .replace("{function}", &format!("{}_{suffix}", work.function))
                    .replace("{index}", index)
                    .replace("{statement}", &work.in_loop(side));
                admin.batch_execute(&function).await?;
            }
        }
        let sides = vec![Side::new(system, &schema, 0).await?, Side::new(app, &schema, 1).await?];
        Ok(Self { form, tenants, schema, sides })
    }

    /// Microseconds of one execution, of many in one slice.
    pub async fn in_server(&self, work: &Work, side: usize) -> Result<f64, AnyError> {
        let call =
            format!("select {}.{}_{}({}, 0)", self.schema, work.function, FUNCTION_SUFFIX[side], work.repeat);
        let client = &self.sides[side].client;
        client.batch_execute(BEGIN).await?;
        let micros = client.query_one(&call, &[]).await?.get(0);
        client.batch_execute("rollback").await?;
        Ok(micros)
    }

    /// Microseconds of processor time that the server's process spends on one execution.
    pub async fn by_protocol(&self, work: &Work, side: usize) -> Result<Option<f64>, AnyError> {
        if work.how != How::Prepared {
            return Ok(None);
        }
        let Side { client, pid, statements } = &self.sides[side];
        let Some(statement) = WORKS.iter().zip(statements).find(|(own, _)| own.name == work.name) else {
            return Ok(None);
        };
        client.batch_execute(BEGIN).await?;
        let before = cpu::nanos(&[*pid]);
        let executions = (0..i64::from(work.repeat)).map(|i| async move {
            let params: [&(dyn ToSql + Sync); 2] = [&i, &0_i64];
            client.query(statement.1, &params[..statement.1.params().len()]).await
        });
        try_join_all(executions).await?;
        let spent = cpu::nanos(&[*pid]).zip(before).map(|(after, before)| after.saturating_sub(before));
        client.batch_execute("rollback").await?;
        let spent = spent.and_then(|nanos| usize::try_from(nanos).ok());
        Ok(spent.map(|nanos| float(nanos) / 1e3 / f64::from(work.repeat)))
    }
}

const BEGIN: &str = "begin; set local app.tenant_id = '0'";

impl Side {
    async fn new(url: &str, schema: &str, side: usize) -> Result<Self, AnyError> {
        let client = connect(url).await?;
        client.batch_execute(&format!("set search_path = {schema}")).await?;
        let pid = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
        let mut statements = Vec::new();
        for work in WORKS {
            statements.push(client.prepare(&work.prepared(side)).await?);
        }
        Ok(Self { client, pid, statements })
    }
}
