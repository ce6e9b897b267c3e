-- What is sold, to whom, and what is owed for it. Amounts are in taka, days are those of Dhaka.

CREATE TABLE customer (
    tenant_id  uuid NOT NULL REFERENCES company,
    id         bigint GENERATED ALWAYS AS IDENTITY,
    name       text COLLATE bengali NOT NULL CHECK (name <> ''),
    -- What a search looks at: an index under a policy serves ^@, and never LIKE.
    search     text COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE bengali)) STORED,
    tax_number text,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX customer_search ON customer (tenant_id, search text_pattern_ops);
CREATE INDEX customer_name ON customer (tenant_id, name, id);

CREATE TABLE product (
    tenant_id uuid NOT NULL REFERENCES company,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    sku       text NOT NULL,
    name      text COLLATE bengali NOT NULL,
    price     numeric(14, 2) NOT NULL CHECK (price >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sku)
);

-- The last number of each fiscal year, which runs from July to June and is named by the year in which it begins.
CREATE TABLE invoice_number (
    tenant_id   uuid NOT NULL REFERENCES company,
    fiscal_year integer NOT NULL,
    last        integer NOT NULL,
    PRIMARY KEY (tenant_id, fiscal_year)
);

CREATE TABLE invoice (
    tenant_id   uuid NOT NULL REFERENCES company,
    id          bigint GENERATED ALWAYS AS IDENTITY,
    customer_id bigint NOT NULL,
    fiscal_year integer NOT NULL,
    number      integer NOT NULL,
    issued_on   date NOT NULL,
    net         numeric(14, 2) NOT NULL,
    vat         numeric(14, 2) NOT NULL,
    total       numeric(14, 2) GENERATED ALWAYS AS (net + vat) STORED,
    paid        numeric(14, 2) NOT NULL DEFAULT 0,
    -- The invoice that a credit note takes back.
    credits     bigint,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, fiscal_year, number),
    UNIQUE (tenant_id, credits),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id),
    FOREIGN KEY (tenant_id, credits) REFERENCES invoice (tenant_id, id)
);

CREATE INDEX invoice_newest ON invoice (tenant_id, issued_on DESC, id DESC);

CREATE TABLE invoice_line (
    tenant_id  uuid NOT NULL REFERENCES company,
    invoice_id bigint NOT NULL,
    position   integer NOT NULL,
    product_id bigint NOT NULL,
    quantity   numeric(12, 3) NOT NULL CHECK (quantity <> 0),
    price      numeric(14, 2) NOT NULL,
    net        numeric(14, 2) GENERATED ALWAYS AS (round(quantity * price, 2)) STORED,
    PRIMARY KEY (tenant_id, invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES product (tenant_id, id)
);

CREATE TABLE payment (
    tenant_id   uuid NOT NULL REFERENCES company,
    id          bigint GENERATED ALWAYS AS IDENTITY,
    invoice_id  bigint NOT NULL,
    amount      numeric(14, 2) NOT NULL CHECK (amount > 0),
    -- What the payer's request is known by, however often it comes.
    request     text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, request),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, id)
);

CREATE INDEX payment_of_invoice ON payment (tenant_id, invoice_id);
