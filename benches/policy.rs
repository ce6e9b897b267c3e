//! What the policies cost the server: the same statement under a policy and with the filter that one
//! would write by hand, in turns, without network and client.
//!
//!     cargo bench --features test-util --bench policy
//!
//! Two figures, both in processor time of the server's process, which other work on the machine changes
//! little. `cpu`: one execution of the prepared statement, Bind and Execute, without its share of what
//! follows a Sync. `loop`: one execution by a function in the server, which leaves out all that both sides
//! have in common, and so shows the planner's and the executor's work alone.

#[path = "policy/case.rs"]
mod case;
mod common;
#[path = "policy/wire.rs"]
mod wire;

use case::{Case, FORMS, TENANTS, WORKS};
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
    println!("ratios to the filter by hand{}", matrix(&by_tenants(&report.rows, |row| row.ratio_to_plain)));
    println!("the same, loop{}", matrix(&by_tenants(&report.rows, |row| row.own("loop_ratio"))));
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
    let contests = cases.len() * WORKS.len() * 2;
    let mut order = Order::new(contests);
    let (mut by_protocol, mut in_loop) = (vec![Vec::new(); contests], vec![Vec::new(); contests]);
    for round in 0..WARM_UP + rounds {
        for &at in order.shuffled() {
            let (case, work, side) = (&mut cases[at / 2 / WORKS.len()], &WORKS[at / 2 % WORKS.len()], at % 2);
            let measured = (case.by_protocol(work, side)?, case.in_server(work, side)?);
            if round >= WARM_UP {
                by_protocol[at].push(measured.0);
                in_loop[at].push(measured.1);
            }
        }
    }

    let mut rows = Vec::new();
    for (work_at, work) in WORKS.iter().enumerate() {
        for (case_at, case) in cases.iter().enumerate() {
            let by_hand = (case_at * WORKS.len() + work_at) * 2;
            let first = cases.iter().position(|other| other.form == case.form).unwrap_or(case_at);
            let one_tenant = (first * WORKS.len() + work_at) * 2;
            for side in 0..2 {
                let at = by_hand + side;
                let median_of = |samples: &[Vec<f64>]| median(samples[at].iter().copied());
                let mut more = vec![("tenants", float(case.tenants)), ("rows", float(work.rows))];
                more.extend(median_of(&in_loop).map(|micros| ("loop_us", micros)));
                more.extend(ratio(&in_loop[at], &in_loop[by_hand]).map(|ratio| ("loop_ratio", ratio)));
                let flat = ratio(&by_protocol[at], &by_protocol[one_tenant + side]);
                more.extend(flat.map(|ratio| ("flat_ratio", ratio)));
                rows.push(Row {
                    name: work.name.to_owned(),
                    variant: format!("{}, {}", case.form.name, ["by hand", POLICY][side]),
                    clients: 1,
                    ratio_to_plain: ratio(&by_protocol[at], &by_protocol[by_hand]),
                    server_cpu_us: median_of(&by_protocol),
                    more,
                    ..Row::default()
                });
            }
        }
    }
    Ok(Report {
        bench: "policy",
        compared: "a statement under a policy and with the filter by hand, in turns, on the same tables; \
                   processor time of the server, medians over slices, of ratios to the slice by hand of the \
                   same round. loop: without the protocol. flat_ratio: against the same with one tenant"
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

const POLICY: &str = "policy";

/// The median of the ratios of the same round.
fn ratio(these: &[f64], those: &[f64]) -> Option<f64> {
    median(these.iter().zip(those).map(|(this, that)| this / that))
}

/// Turns the rows of policies so that the tenants stand across, for one of the two figures.
fn by_tenants(rows: &[Row], figure: impl Fn(&Row) -> Option<f64>) -> Vec<Row> {
    let policies = rows.iter().filter(|row| row.variant.ends_with(POLICY));
    let turned = policies.map(|row| Row {
        name: format!("{} tenants", row.own("tenants").unwrap_or_default()),
        variant: format!("{}, {}", row.name, row.variant),
        clients: 1,
        ratio_to_plain: figure(row),
        ..Row::default()
    });
    turned.collect()
}
