//! What companies were told of their books, and what the database says of them.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::company::{Company, PAID};

/// What a company knows of an invoice that it has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told its id.
    Booked(i64),
    /// It was told that nothing was done.
    Refused,
    /// Nobody has told it.
    Unknown,
}

#[derive(Default)]
pub struct Books {
    /// By the quantity on the first line.
    pub invoices: BTreeMap<u64, Outcome>,
    /// The payments that were acknowledged, by their keys, and of which invoice they are.
    pub payments: BTreeMap<String, i64>,
    /// Those that were not.
    pub pending: Vec<(i64, String)>,
}

/// Rows that no company's books may have, whoever was told what.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "lines do not come to what their invoice says",
        "SELECT invoice.id::text FROM invoice JOIN invoice_line AS line ON line.invoice_id = invoice.id
         GROUP BY invoice.tenant_id, invoice.id
         HAVING sum(line.net) <> invoice.net OR round(invoice.net * 0.15, 2) <> invoice.vat OR count(*) <> 2",
    ),
    (
        "an invoice has no lines",
        "SELECT id::text FROM invoice
         WHERE NOT EXISTS (SELECT FROM invoice_line WHERE invoice_id = invoice.id)",
    ),
    (
        "numbers have a gap",
        "SELECT invoice.tenant_id::text FROM invoice FULL JOIN invoice_number AS numbers USING (tenant_id, fiscal_year)
         GROUP BY tenant_id, fiscal_year, invoice.tenant_id, numbers.last
         HAVING (count(number), min(number), max(number)) IS DISTINCT FROM (numbers.last::bigint, 1, numbers.last)",
    ),
    (
        "what is paid is not what was received",
        "SELECT invoice.id::text FROM invoice LEFT JOIN payment ON payment.invoice_id = invoice.id
         GROUP BY invoice.tenant_id, invoice.id HAVING coalesce(sum(payment.amount), 0) <> invoice.paid",
    ),
    (
        "others are not told of an invoice, or twice",
        "SELECT invoice.id::text FROM invoice LEFT JOIN outbox
             ON outbox.topic = 'invoice.issued' AND outbox.payload->'invoice' = to_jsonb(invoice.id)
         GROUP BY invoice.tenant_id, invoice.id
         HAVING count(outbox.id) <> 1 OR bool_or(outbox.tenant_id <> invoice.tenant_id)",
    ),
    (
        "an invoice has left no trail, or two",
        "SELECT invoice.id::text FROM invoice LEFT JOIN trail
             ON trail.relation = 'invoice' AND trail.action = 'INSERT' AND trail.after->'id' = to_jsonb(invoice.id)
         GROUP BY invoice.tenant_id, invoice.id
         HAVING count(trail.id) <> 1 OR bool_or(trail.tenant_id <> invoice.tenant_id)",
    ),
];

/// What is wrong, asked as a superuser, who sees all.
pub async fn contradictions(admin: &Client, companies: &[impl AsRef<Company>]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (what, sql) in CONTRADICTIONS {
        let rows = admin.query(*sql, &[]).await.unwrap();
        wrong.extend(
            rows.first().map(|row| format!("{what}: {}, of {}", row.get::<_, String>(0), rows.len())),
        );
    }
    for company in companies {
        of_one(admin, company.as_ref(), &mut wrong).await;
    }
    wrong
}

async fn of_one(admin: &Client, company: &Company, wrong: &mut Vec<String>) {
    let sql =
        "SELECT quantity::bigint, invoice_id FROM invoice_line WHERE tenant_id::text = $1 AND position = 1";
    let rows = admin.query(sql, &[&company.id]).await.unwrap();
    let mut found: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let quantity = u64::try_from(row.get::<_, i64>(0)).unwrap();
        found.entry(quantity).or_default().push(row.get(1));
    }
    let (invoices, payments) = {
        let books = company.books();
        (books.invoices.clone(), books.payments.clone())
    };
    for (quantity, outcome) in &invoices {
        let ids = found.remove(quantity).unwrap_or_default();
        let is_right = match outcome {
            Outcome::Booked(id) => ids == [*id],
            Outcome::Refused => ids.is_empty(),
            Outcome::Unknown => ids.len() <= 1,
        };
        if !is_right {
            wrong.push(format!("{}: an invoice that is {outcome:?} is there as {ids:?}", company.marker));
        }
    }
    if !found.is_empty() {
        wrong.push(format!("{}: invoices that nobody has asked for: {found:?}", company.marker));
    }
    let sql = "SELECT request, invoice_id, amount::text FROM payment WHERE tenant_id::text = $1";
    let rows = admin.query(sql, &[&company.id]).await.unwrap();
    let booked: BTreeMap<String, (i64, String)> =
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    for (key, invoice) in &payments {
        if booked.get(key) != Some(&(*invoice, PAID.to_owned())) {
            wrong.push(format!("{}: a payment for {invoice} is {:?}", company.marker, booked.get(key)));
        }
    }
}
