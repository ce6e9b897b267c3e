//! A shop with all kinds of tables and types.

pub(super) const MANIFEST: &str = r#"
[tenancy]
type = "uuid"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
[tenants]
table = "public.company"
column = "id"
[tables]
"public.company" = { class = "tenant", column = "id" }
"public.unit" = { class = "shared" }
"public.template" = { class = "shared" }
"public.line" = { class = "child", via = "invoice" }
"public.ledger" = { class = "exempt", reason = "nobody's" }
"public.secret" = { class = "deny" }
"#;

pub(super) const ROLES: &str = "
DO $$ BEGIN
    IF to_regrole('{owner}') IS NULL THEN CREATE ROLE {owner}; CREATE ROLE {app} LOGIN; END IF;
END $$;";

/// Its rows are those of two companies. `manager` and `staff` refer to each other; `event` is in partitions; a row of `template` without a
/// company is everybody's.
pub(super) const TABLES: &str = r#"
CREATE TYPE mood AS ENUM ('good', 'it''s bad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE unit (name text PRIMARY KEY);
INSERT INTO unit VALUES ('kg'), ('pc');
CREATE TABLE ledger (id integer);
CREATE TABLE secret (tenant_id uuid, id integer);
CREATE TABLE company (id uuid PRIMARY KEY, name text);
CREATE TABLE template (tenant_id uuid, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
CREATE TABLE staff (tenant_id uuid NOT NULL, id bigint NOT NULL, boss bigint, works_for bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE manager (tenant_id uuid NOT NULL, id bigint NOT NULL, staff bigint NOT NULL, PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, staff) REFERENCES staff (tenant_id, id) DEFERRABLE);
ALTER TABLE staff ADD FOREIGN KEY (tenant_id, boss) REFERENCES staff (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, works_for) REFERENCES manager (tenant_id, id) DEFERRABLE;
CREATE TABLE invoice (tenant_id uuid NOT NULL, id bigserial, total numeric(14,2) DEFAULT 0, note text, unit text REFERENCES unit,
    PRIMARY KEY (tenant_id, id));
CREATE TABLE line (invoice_tenant uuid NOT NULL, invoice bigint NOT NULL, "position" smallint NOT NULL, amount numeric,
    PRIMARY KEY (invoice_tenant, invoice, "position"),
    FOREIGN KEY (invoice_tenant, invoice) REFERENCES invoice (tenant_id, id));
CREATE TABLE event (tenant_id uuid NOT NULL, at date NOT NULL, what jsonb, PRIMARY KEY (tenant_id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE event_2 PARTITION OF event DEFAULT;
CREATE TABLE "Odd ""one""" (tenant_id uuid NOT NULL, "the key" integer NOT NULL, "twice it" integer GENERATED ALWAYS AS ("the key" * 2) STORED,
    feeling mood, few positive, texts text[], span int4range, period tstzrange, raw bytea, at timestamptz, took interval, ip inet, f float8,
    UNIQUE (tenant_id, "the key"));
CREATE TABLE heap (tenant_id uuid NOT NULL, body text);
"#;

pub(super) const ROWS: &str = r#"
INSERT INTO company VALUES ('{tenant}', 'Company {number}');
INSERT INTO template (tenant_id, body) VALUES ('{tenant}', E'own\tof {number}');
INSERT INTO staff VALUES ('{tenant}', 1, NULL, NULL), ('{tenant}', 2, 1, NULL), ('{tenant}', 3, 3, NULL);
INSERT INTO manager VALUES ('{tenant}', 7, 2);
UPDATE staff SET works_for = 7 WHERE tenant_id = '{tenant}' AND id = 1;
INSERT INTO invoice (tenant_id, total, note, unit) SELECT '{tenant}', g * 1.5, 'no ' || g, CASE WHEN g % 2 = 0 THEN 'kg' END
    FROM generate_series(1, 1000) AS g;
INSERT INTO line SELECT tenant_id, id, p, 1.25 FROM invoice, generate_series(1, 2) AS p WHERE tenant_id = '{tenant}';
INSERT INTO event VALUES ('{tenant}', '2026-03-01', '{"a": [1, null, "\u00e4"]}'), ('{tenant}', '2027-03-01', NULL);
INSERT INTO "Odd ""one""" (tenant_id, "the key", feeling, few, texts, span, period, raw, at, took, ip, f) VALUES
    ('{tenant}', 1, 'it''s bad', 5, ARRAY['a,b', NULL, '"', E'\\N', E'x\ty\nz'], '[1,5)', '[2026-01-01 00:00+06,)', '\x00ff0a09',
        '2026-11-28 12:34:56.789012+06', '1 year 2 days 03:04:05.678', '10.0.0.1/8', 0.1::float8 + 0.2::float8),
    ('{tenant}', 2, NULL, NULL, '{}', 'empty', NULL, '', 'infinity', '-1 day', '::1', 'NaN');
INSERT INTO heap VALUES ('{tenant}', 'b'), ('{tenant}', 'a'), ('{tenant}', NULL), ('{tenant}', 'a'), ('{tenant}', E'\\.');
"#;
