//! What the examples of the rules stand in.

use crate::catalog::replay::Source;

/// The manifest that the examples are read with.
pub const MANIFEST: &str = r#"[tenancy]
type = "uuid"

[roles]
owner = "erp_owner"
app = "erp_app"
system = "erp_system"

[migrations]
role = "erp_owner"

[tables]
"public.currency" = { class = "shared" }
"public.invoice_line" = { class = "child", via = "invoice" }
"#;

/// The roles that are there before an example begins. It is run as `erp_owner`, with the rights of a superuser.
pub const ROLES: &str = "CREATE ROLE erp_owner NOLOGIN;
CREATE ROLE erp_app LOGIN;
CREATE ROLE erp_system LOGIN BYPASSRLS;
";

/// The manifest that an example is read with: [`MANIFEST`], and the lines that it adds, `-- manifest: [seal]`.
#[must_use]
pub fn manifest(example: &str) -> String {
    let mut text = MANIFEST.to_owned();
    for line in example.lines().filter_map(|line| line.strip_prefix("-- manifest: ")) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The version of PostgreSQL from which on the SQL of an example runs, if that is a newer one than the oldest that is
/// supported. Its first line says so: `-- PostgreSQL 17`.
#[must_use]
pub fn needs(example: &str) -> Option<u32> {
    example.lines().next()?.strip_prefix("-- PostgreSQL ")?.parse().ok()
}

/// The files of an example: `1.sql`, and another one behind each line `-- file: NAME`. Each is run in one transaction unless it
/// says `-- tenantry: no-transaction`.
#[must_use]
pub fn files(example: &str) -> Vec<Source> {
    let mut files = vec![("1.sql", String::new())];
    for line in example.lines() {
        match line.strip_prefix("-- file: ") {
            Some(name) => files.push((name, String::new())),
            None => {
                if let Some((_, text)) = files.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    let source = |(name, text): (&str, String)| {
        let one_transaction = !text.contains("-- tenantry: no-transaction");
        Source::new(name, text).in_one_transaction(one_transaction)
    };
    files.into_iter().filter(|(_, text)| !text.is_empty()).map(source).collect()
}
