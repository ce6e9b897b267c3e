-- An ERP that nobody has divided yet, with all that is odd in one. {owner} and {app} are roles.
CREATE SCHEMA erp;
CREATE SCHEMA "Odd ""schema""";
GRANT ALL ON SCHEMA erp, "Odd ""schema""" TO {owner};
SET ROLE {owner};

CREATE TABLE erp.company (id integer PRIMARY KEY, name text NOT NULL, parent_id integer REFERENCES erp.company);
CREATE TABLE erp.users (id integer PRIMARY KEY, login text NOT NULL);
CREATE TABLE erp.company_user (
    company integer NOT NULL REFERENCES erp.company,
    user_id integer NOT NULL REFERENCES erp.users,
    PRIMARY KEY (company, user_id)
);

-- What belongs to nobody in particular, and what is part of it.
CREATE TABLE erp.currency (id integer PRIMARY KEY, code text NOT NULL, create_uid integer REFERENCES erp.users);
CREATE TABLE erp.currency_rate (id integer PRIMARY KEY, currency integer NOT NULL REFERENCES erp.currency);
CREATE TABLE erp.mood (id integer PRIMARY KEY);
-- A circle that leads to no tenant, and one that does.
CREATE TABLE erp.action (id integer PRIMARY KEY, menu integer);
CREATE TABLE erp.menu (id integer PRIMARY KEY, action integer NOT NULL REFERENCES erp.action);
ALTER TABLE erp.action ADD FOREIGN KEY (menu) REFERENCES erp.menu;

CREATE TABLE erp.customer (
    id integer PRIMARY KEY,
    company integer NOT NULL REFERENCES erp.company,
    main_contact integer
);
CREATE TABLE erp.contact (id integer PRIMARY KEY, customer integer NOT NULL REFERENCES erp.customer);
ALTER TABLE erp.customer ADD FOREIGN KEY (main_contact) REFERENCES erp.contact DEFERRABLE;

CREATE TABLE erp.invoice (
    company integer NOT NULL REFERENCES erp.company,
    number integer,
    customer integer NOT NULL REFERENCES erp.customer,
    currency integer NOT NULL REFERENCES erp.currency,
    PRIMARY KEY (company, number)
);
CREATE TABLE erp.product (id integer PRIMARY KEY, company integer NOT NULL REFERENCES erp.company);
-- A composite key, beside one that leads as far.
CREATE TABLE erp.invoice_line (
    id integer PRIMARY KEY,
    invoice_company integer NOT NULL,
    invoice_number integer NOT NULL,
    product integer NOT NULL REFERENCES erp.product,
    FOREIGN KEY (invoice_company, invoice_number) REFERENCES erp.invoice ON DELETE CASCADE
);
CREATE TABLE erp.tax (id integer PRIMARY KEY, line integer NOT NULL REFERENCES erp.invoice_line);
-- Two ways as short, one way that not every row goes, one that goes on so, and two of the same kind.
CREATE TABLE erp.offer (
    id integer PRIMARY KEY,
    product integer NOT NULL REFERENCES erp.product,
    customer integer NOT NULL REFERENCES erp.customer
);
CREATE TABLE erp.note (id integer PRIMARY KEY, customer integer REFERENCES erp.customer);
CREATE TABLE erp.note_reply (id integer PRIMARY KEY, note integer NOT NULL REFERENCES erp.note);
CREATE TABLE erp.intercompany (
    id integer PRIMARY KEY,
    seller integer NOT NULL REFERENCES erp.company,
    buyer integer NOT NULL REFERENCES erp.company
);
CREATE TABLE erp.contract (id integer PRIMARY KEY, company_id integer NOT NULL REFERENCES erp.company);

-- The tenant column may be NULL, and is in some rows, in none, or in nobody knows how many.
CREATE TABLE erp.tag (id integer PRIMARY KEY, company integer REFERENCES erp.company);
CREATE TABLE erp.sequence (id integer PRIMARY KEY, company integer REFERENCES erp.company);
CREATE TABLE erp.setting (id integer PRIMARY KEY, company integer REFERENCES erp.company);
CREATE TABLE erp.tag_text (id integer PRIMARY KEY, tag integer NOT NULL REFERENCES erp.tag);
-- The name stands for something else.
CREATE TABLE erp.import (id integer PRIMARY KEY, company text);

CREATE TABLE erp.entry (company integer NOT NULL REFERENCES erp.company, day date NOT NULL, PRIMARY KEY (company, day))
    PARTITION BY RANGE (day);
CREATE TABLE erp.entry_2026 PARTITION OF erp.entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

CREATE TABLE "Odd ""schema"""."It's; --" (
    id integer PRIMARY KEY,
    "Product" integer NOT NULL,
    CONSTRAINT "a.b" FOREIGN KEY ("Product") REFERENCES erp.product
);
CREATE TABLE "Odd ""schema"""."line
break" (id integer PRIMARY KEY, up integer NOT NULL REFERENCES "Odd ""schema"""."It's; --");

CREATE TABLE erp._sqlx_migrations (
    version bigint PRIMARY KEY,
    description text NOT NULL,
    installed_on timestamptz NOT NULL DEFAULT now(),
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
-- Only called so.
CREATE TABLE erp.schema_version (id integer PRIMARY KEY, note text);

CREATE VIEW erp.open_invoice AS SELECT * FROM erp.invoice;
CREATE VIEW erp.rates AS SELECT * FROM erp.currency_rate;
CREATE MATERIALIZED VIEW erp.revenue AS SELECT company, count(*) FROM erp.open_invoice GROUP BY 1;
RESET ROLE;
CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE erp.remote (id integer) SERVER elsewhere;
ALTER FOREIGN TABLE erp.remote OWNER TO {owner};

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA erp, "Odd ""schema""" TO {app};
REVOKE DELETE ON erp.invoice FROM {app};
REVOKE INSERT, UPDATE, DELETE ON erp.contact FROM {app};

INSERT INTO erp.company VALUES (1, 'A', NULL), (2, 'B', 1);
INSERT INTO erp.tag VALUES (1, 1), (2, NULL);
INSERT INTO erp.sequence VALUES (1, 1), (2, 2);
