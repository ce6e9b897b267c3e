//! What is done once a day for each company: its days are closed up to yesterday's, with what was issued, received and is overdue.

use chrono::NaiveDate;
use serde_json::json;
use tenantry::{EachTenant, Result, TenantPool, TenantScope};
use tracing::{info, warn};
use uuid::Uuid;

use crate::outbox;

/// How many companies are worked for at a time. Requests want connections meanwhile.
const AT_ONCE: usize = 4;

/// Closes the days of each company before `today`. What was closed by a run that ended in the middle, or by one that runs beside this one, is
/// not closed again. How many days were closed for whom.
pub async fn close_days(pool: &TenantPool, today: NaiveDate) -> Result<EachTenant<i64, tenantry::Error>> {
    let sql = "SELECT id FROM company WHERE suspended_at IS NULL ORDER BY id";
    let companies: Vec<(Uuid,)> =
        pool.system("nightly: whose days are to be closed")?.query_as(sql, &[]).await?;
    let companies = companies.into_iter().map(|(company,)| company);
    let outcome = pool.for_each_tenant(companies, AT_ONCE, |scope| close(scope, today)).await;
    for (_, reason) in &outcome.failed {
        warn!(%reason, "the days of a company were not closed");
    }
    let (done, failed, left) = (outcome.done.len(), outcome.failed.len(), outcome.left.len());
    let days: i64 = outcome.done.iter().map(|(_, days)| days).sum();
    info!(done, failed, left, days, "days were closed");
    Ok(outcome)
}

/// Closes the days of one company, and tells of each in the same transaction.
async fn close(scope: TenantScope, today: NaiveDate) -> Result<i64> {
    scope
        .transact(|tx| async move {
            let closed: Vec<(NaiveDate,)> = tx.query_as(CLOSE, &[&today]).await?;
            for (day,) in &closed {
                outbox::add(&tx, "day.closed", &json!({ "day": day })).await?;
            }
            Ok(i64::try_from(closed.len()).unwrap_or(i64::MAX))
        })
        .await
}

/// From the day after the last one that was closed, or else the first of an invoice. An invoice is overdue after 30 days.
const CLOSE: &str = "
    INSERT INTO closed_day (day, invoices, total, received, overdue)
    SELECT day,
        (SELECT count(*) FROM invoice WHERE issued_on = day),
        (SELECT coalesce(sum(total), 0) FROM invoice WHERE issued_on = day),
        (SELECT coalesce(sum(amount), 0) FROM payment
         WHERE received_at >= day AT TIME ZONE 'Asia/Dhaka' AND received_at < (day + 1) AT TIME ZONE 'Asia/Dhaka'),
        (SELECT coalesce(sum(total - paid), 0) FROM invoice
         WHERE issued_on < day - 30 AND paid < total
             AND NOT EXISTS (SELECT FROM invoice AS note WHERE note.credits = invoice.id))
    FROM (
        SELECT first + days AS day
        FROM (SELECT coalesce((SELECT max(day) + 1 FROM closed_day), (SELECT min(issued_on) FROM invoice)) AS first)
                AS beginning,
            generate_series(0, $1::date - first - 1) AS days
    ) AS due
    ON CONFLICT (tenant_id, day) DO NOTHING
    RETURNING day";
