-- A table and one that refers to it. {tenants} tenants share 100,000 rows of each; tenant 0 has at least 200.
CREATE SCHEMA {schema};
SET search_path = {schema};

CREATE TABLE item (
    tenant_id bigint,
    id        bigint,
    name      text,
    price     bigint
);

INSERT INTO item
SELECT n % {tenants}, n / {tenants}, 'item ' || n, n % 97
FROM generate_series(0, 99999) AS n;

INSERT INTO item
SELECT 0, id, 'item ' || id, id % 97
FROM generate_series((SELECT count(*) FROM item WHERE tenant_id = 0), 199) AS id;

CREATE TABLE line (
    tenant_id bigint,
    id        bigint,
    item_id   bigint,
    quantity  bigint
);

INSERT INTO line
SELECT tenant_id, id, id, 1
FROM item;

RESET search_path;
