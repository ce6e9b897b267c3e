//! A folder of migrations as a service has them after some years.

use std::path::Path;
use std::{fs, io};

/// The role that the migrations grant to.
pub const APP: &str = "bench_schema_app";

/// How many statements there are in all, ten for each table, in files of a hundred.
pub const STATEMENTS: u32 = 10_000;

/// Writes the files, named as refinery and Flyway name them.
pub fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in 0..STATEMENTS / 100 {
        let tables = file * 10..file * 10 + 10;
        let text: String = tables.map(table).collect();
        fs::write(folder.join(format!("V{}__tables.sql", file + 1)), text)?;
    }
    Ok(())
}

/// Ten statements on a table, which refers to the one before it.
fn table(n: u32) -> String {
    let name = format!("item_{n:04}");
    let above = format!("item_{:04}", n.saturating_sub(1));
    let tenant = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)";
    format!(
        "CREATE TABLE {name} (\n    tenant_id uuid NOT NULL,\n    id bigint GENERATED ALWAYS AS IDENTITY,\n    above bigint,\n    \
         name text NOT NULL,\n    amount numeric(12, 2) NOT NULL DEFAULT 0 CHECK (amount >= 0),\n    \
         created_at timestamptz NOT NULL DEFAULT now(),\n    PRIMARY KEY (tenant_id, id)\n);\n\
         ALTER TABLE {name} ADD FOREIGN KEY (tenant_id, above) REFERENCES {above};\n\
         CREATE INDEX {name}_name_idx ON {name} (tenant_id, name);\n\
         ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n\
         CREATE POLICY {name}_tenant ON {name} TO {APP} USING (tenant_id = {tenant}) WITH CHECK (tenant_id = {tenant});\n\
         CREATE POLICY {name}_floor ON {name} AS RESTRICTIVE USING (tenant_id = {tenant}) WITH CHECK (tenant_id = {tenant});\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP};\n\
         CREATE FUNCTION {name}_total() RETURNS numeric LANGUAGE plpgsql STABLE AS $$\nBEGIN\n    \
         RETURN (SELECT sum(amount) FROM {name});\nEND\n$$;\n\
         COMMENT ON TABLE {name} IS 'what {above} is made of';\n\
         CREATE VIEW {name}_named WITH (security_invoker = true) AS SELECT id, name, amount FROM {name} WHERE name <> '';\n"
    )
}
