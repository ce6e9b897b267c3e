-- What the benches of the pool read and write: 100 tenants with 1,000 rows each.
CREATE SCHEMA bench;

CREATE TABLE bench.item (
    tenant_id bigint,
    id        bigint,
    name      text,
    price     bigint
);

INSERT INTO bench.item
SELECT tenant, id, 'item ' || id, id % 97
FROM generate_series(0, 99) AS tenant, generate_series(0, 999) AS id;

-- Pages with room, so that an update stays on its page and the table keeps its size.
CREATE TABLE bench.stock (
    tenant_id bigint,
    item_id   bigint,
    quantity  bigint
) WITH (fillfactor = 20);

INSERT INTO bench.stock
SELECT tenant_id, id, 0
FROM bench.item;

CREATE TABLE bench.entry (
    tenant_id bigint,
    id        bigserial PRIMARY KEY,
    item_id   bigint,
    quantity  bigint
);
