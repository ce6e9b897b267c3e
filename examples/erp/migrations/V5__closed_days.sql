-- Days that were closed at night, and the order in which files are listed.

CREATE TABLE closed_day (
    tenant_id uuid NOT NULL REFERENCES company,
    day       date NOT NULL,
    invoices  bigint NOT NULL,
    total     numeric(14, 2) NOT NULL,
    received  numeric(14, 2) NOT NULL,
    -- What was owed for longer than 30 days when the day was closed.
    overdue   numeric(14, 2) NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, day)
);

CREATE INDEX file_newest ON file (tenant_id, created_at DESC, id DESC);
