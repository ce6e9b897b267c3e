-- A service that has made everything by itself, as most begin: {app} owns the schema and all that is in it.
CREATE SCHEMA erp AUTHORIZATION {app};
CREATE SCHEMA code AUTHORIZATION {app};
SET ROLE {app};

CREATE TYPE erp.status AS ENUM ('open', 'paid');
CREATE DOMAIN erp.amount AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE TYPE erp.address AS (street text, town text);
CREATE TYPE erp.period AS RANGE (SUBTYPE = date);
CREATE TYPE code.kind AS ENUM ('a', 'b');
REVOKE USAGE ON TYPE erp.address FROM PUBLIC;
CREATE SEQUENCE erp.number;
CREATE SEQUENCE erp.tray;

CREATE TABLE erp.currency (code text PRIMARY KEY);
CREATE TABLE erp.customer (tenant_id uuid NOT NULL, id bigserial PRIMARY KEY, name text NOT NULL, changed int NOT NULL DEFAULT 0);
CREATE TABLE erp.invoice (
    tenant_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL DEFAULT nextval('erp.number'),
    status erp.status NOT NULL DEFAULT 'open',
    total erp.amount NOT NULL DEFAULT 0,
    kind code.kind[],
    address erp.address,
    term erp.period
);
CREATE TABLE erp.entry (tenant_id uuid NOT NULL, day date NOT NULL, amount erp.amount) PARTITION BY RANGE (day);
CREATE TABLE erp.entry_rest PARTITION OF erp.entry DEFAULT;
CREATE TABLE erp.job (id bigserial PRIMARY KEY, done boolean);
CREATE MATERIALIZED VIEW erp.revenue AS SELECT tenant_id, sum(total) AS total FROM erp.invoice GROUP BY 1;

CREATE FUNCTION code.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed := OLD.changed + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON erp.customer FOR EACH ROW EXECUTE FUNCTION code.touch();
CREATE FUNCTION code.apart() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION erp.tax(erp.amount, rate numeric DEFAULT 0.2) RETURNS numeric LANGUAGE sql AS 'SELECT $1 * $2';
CREATE FUNCTION erp.open_total() RETURNS numeric LANGUAGE sql SECURITY DEFINER SET search_path = erp, pg_temp
    AS 'SELECT coalesce(sum(total), 0) FROM invoice WHERE status = ''open''';
CREATE PROCEDURE erp.pay(of bigint) LANGUAGE sql AS 'UPDATE erp.invoice SET status = ''paid'' WHERE id = of';
CREATE AGGREGATE erp.most (numeric) (SFUNC = numeric_larger, STYPE = numeric);
REVOKE EXECUTE ON FUNCTION erp.tax FROM PUBLIC;

-- What an owner grants to itself goes away with the ownership, and so does what the next one had.
GRANT SELECT, INSERT, UPDATE, DELETE ON erp.customer TO {app};
GRANT SELECT ON erp.customer, erp.invoice TO {owner};
GRANT USAGE ON SEQUENCE erp.number, erp.customer_id_seq TO {owner};
GRANT EXECUTE ON FUNCTION erp.tax TO {owner};
GRANT USAGE ON TYPE erp.address TO {owner};
GRANT USAGE ON SCHEMA erp TO {owner};
GRANT SELECT (name) ON erp.customer TO {system};
RESET ROLE;

DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 150000 THEN
        SET LOCAL ROLE {app};
        CREATE VIEW erp.open_invoice AS SELECT * FROM erp.invoice WHERE status = 'open';
    END IF;
END
$$;
INSERT INTO erp.currency VALUES ('EUR');
