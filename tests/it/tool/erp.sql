CREATE TABLE customer (
    id        bigint PRIMARY KEY,
    tenant_id bigint,
    name      text NOT NULL
);

CREATE TABLE invoice (
    id          bigint PRIMARY KEY,
    tenant_id   bigint NOT NULL,
    customer_id bigint NOT NULL REFERENCES customer
);

CREATE TABLE invoice_line (
    invoice_id bigint NOT NULL REFERENCES invoice,
    position   integer NOT NULL,
    PRIMARY KEY (invoice_id, position)
);

CREATE TABLE currency (
    code text PRIMARY KEY
);
