//! What the policies cost the server: the same statement under a policy and with the filter that one
//! would write by hand, in turns, without network and client.
//!
//!     cargo bench --features test-util --bench policy
//!
//! A function in the server runs the statement in a loop and takes the time, so the ratio is not
//! diluted by what both sides of it share on the way to the client. Column `cpu µs` has the other view:
//! what the server's process spends on one execution of the prepared statement, protocol included.

#[path = "policy/case.rs"]
mod case;
mod common;

use case::{Case, FORMS, TENANTS, WORKS, Work};
use common::fixture::{bootstrap, urls};
use common::report::{Report, Row, matrix};
use common::stats::{float, median};
use common::turns::Order;
use common::{AnyError, quick, save, versions};
use tenantry::policy::Tenancy;
use tenantry::{TenantType, migrate, testing};

const ROUNDS: usize = 60;
const QUICK_ROUNDS: usize = 10;

/// Rounds in which the server still warms up, and plans statements for their values.
const WARM_UP: usize = 2;

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    println!("ratios to the filter by hand");
    print!("{}", matrix(&report.rows.iter().filter_map(by_tenants).collect::<Vec<_>>()));
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let server = testing::server().await?;
    let database = server.database().await?;
    let mut admin = database.connect().await?;
    migrate::apply(&mut admin, &bootstrap(&Tenancy::new(TenantType::Bigint))?.script()?).await?;
    let urls = urls(&database);
    let mut cases = Vec::new();
    for form in FORMS {
        for tenants in TENANTS {
            cases.push(Case::new(&mut admin, &urls, *form, *tenants).await?);
        }
    }
    admin.batch_execute("vacuum analyze").await?;
    // Statistics that come later than the plan would change it in the middle of the run.
    admin.batch_execute("checkpoint").await?;

    let rounds = if quick() { QUICK_ROUNDS } else { ROUNDS };
    let local = server.pid().is_some();
    let mut order = Order::new(cases.len() * WORKS.len() * 2);
    let mut micros = vec![Vec::new(); cases.len() * WORKS.len() * 2];
    let mut cpu = micros.clone();
    for round in 0..WARM_UP + rounds {
        for &at in order.shuffled() {
            let (case, work, side) = (&cases[at / 2 / WORKS.len()], &WORKS[at / 2 % WORKS.len()], at % 2);
            let in_server = case.in_server(work, side).await?;
            let by_protocol = if local { case.by_protocol(work, side).await? } else { None };
            if round >= WARM_UP {
                micros[at].push(in_server);
                cpu[at].extend(by_protocol);
            }
        }
    }

    let mut rows = Vec::new();
    for (work_at, work) in WORKS.iter().enumerate() {
        for (case_at, case) in cases.iter().enumerate() {
            let at = (case_at * WORKS.len() + work_at) * 2;
            let first = cases.iter().position(|other| other.form == case.form).unwrap_or(case_at);
            let one_tenant = (first * WORKS.len() + work_at) * 2;
            for side in 0..2 {
                rows.push(Row {
                    ratio_to_plain: ratio(&micros[at + side], &micros[at]),
                    p50_us: median(micros[at + side].iter().copied()),
                    server_cpu_us: median(cpu[at + side].iter().copied()),
                    more: vec![
                        ("cpu_ratio", ratio(&cpu[at + side], &cpu[at]).unwrap_or(f64::NAN)),
                        (
                            "flat_ratio",
                            ratio(&micros[at + side], &micros[one_tenant + side]).unwrap_or(f64::NAN),
                        ),
                        ("tenants", float(case.tenants)),
                        ("rows", float(work.rows)),
                    ],
                    ..row(case, work, side)
                });
            }
        }
    }
    Ok(Report {
        bench: "policy",
        compared: "a statement under a policy and with the filter by hand, in turns, on the same tables, \
                   looped in the server; medians over slices, of ratios to the slice by hand of the same \
                   round. flat_ratio: against the same with one tenant"
            .to_owned(),
        versions: versions(),
        server: server.describe(),
        quick: quick(),
        settings: vec![
            ("slices".to_owned(), rounds.to_string()),
            ("rows of each table".to_owned(), "100,000".to_owned()),
            ("parallel workers".to_owned(), "none".to_owned()),
        ],
        rows,
    })
}

fn row(case: &Case, work: &Work, side: usize) -> Row {
    let form = case.form.name;
    let variant = if side == 0 { format!("by hand, tables of {form}") } else { form.to_owned() };
    Row { name: work.name.to_owned(), variant, clients: 1, ..Row::default() }
}

/// The median of the ratios of the same round.
fn ratio(these: &[f64], those: &[f64]) -> Option<f64> {
    median(these.iter().zip(those).map(|(this, that)| this / that))
}

/// Turns a row of a policy so that the tenants stand across.
fn by_tenants(row: &Row) -> Option<Row> {
    let tenants = row.more.iter().find(|(name, _)| *name == "tenants")?.1;
    let (name, variant) = (format!("{tenants} tenants"), format!("{}, {}", row.name, row.variant));
    (!row.variant.starts_with("by hand")).then(|| Row { name, variant, ..row.clone() })
}
