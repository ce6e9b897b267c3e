//! Companies with invoices to page through.

use tenantry::testing::Database;

use crate::AnyError;
use crate::keys::SignIn;

pub struct Company {
    pub token: String,
}

const PERSON: &str = "owner";

/// As a superuser, whom no policy keeps from writing for all of them.
const FILL: &str = "
    INSERT INTO company (name, host)
    SELECT 'company ' || n, 'company-' || n || '.erp.example' FROM generate_series(1, $1::bigint) AS n;
";

const MORE: &str = "
    INSERT INTO member (tenant_id, subject, name, role) SELECT id, 'owner', 'Rahima', 'owner' FROM company;
    INSERT INTO customer (tenant_id, name)
        SELECT id, 'customer ' || n FROM company, generate_series(1, 10) AS n;
    INSERT INTO invoice (tenant_id, customer_id, fiscal_year, number, issued_on, net, vat)
        SELECT customer.tenant_id, customer.id, 2026, row_number() OVER (PARTITION BY customer.tenant_id),
            date '2026-07-01' + n::integer, n * 10.55, round(n * 10.55 * 0.15, 2)
        FROM customer, generate_series(1, 50) AS n;
";

pub async fn make(database: &Database, sign_in: &SignIn, companies: usize) -> Result<Vec<Company>, AnyError> {
    let admin = database.connect().await?;
    admin.execute(FILL.trim().trim_end_matches(';'), &[&i64::try_from(companies)?]).await?;
    admin.batch_execute(MORE).await?;
    admin.batch_execute("VACUUM ANALYZE").await?;
    let rows = admin.query("SELECT id::text FROM company ORDER BY name", &[]).await?;
    rows.iter().map(|row| Ok(Company { token: sign_in.member(row.get(0), PERSON)? })).collect()
}
