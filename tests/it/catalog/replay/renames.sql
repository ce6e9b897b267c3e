-- New names, in expressions too.

CREATE SCHEMA s;
SET search_path = s, public;
CREATE TYPE kind AS ENUM ('x', 'y');
CREATE FUNCTION own(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select $1';
CREATE TABLE tenant (id int PRIMARY key, name text, k kind DEFAULT 'x');
CREATE TABLE doc (id int, tenant_id int REFERENCES tenant, name varchar(10), k kind, CHECK (k = 'x' OR name <> ''),
    sub int DEFAULT own(3), low text GENERATED ALWAYS AS (lower(name)) STORED);
CREATE INDEX ON doc (lower(name)) WHERE tenant_id > 0;
CREATE POLICY a ON doc USING (tenant_id IN (SELECT id FROM tenant WHERE name = CURRENT_USER));
CREATE POLICY b ON doc USING (EXISTS (SELECT 1 FROM tenant t WHERE t.id = doc.tenant_id AND t.k = 'y'));
CREATE POLICY c ON doc USING (own(doc.id) = 1 AND k = ANY (ARRAY['x'::kind]));
CREATE POLICY d ON tenant USING (EXISTS (SELECT 1 FROM doc, tenant t2 WHERE doc.tenant_id = tenant.id AND t2.id =
    doc.id));
CREATE POLICY e ON tenant USING ((SELECT count(*) FROM tenant) > 1);
CREATE FUNCTION tf() RETURNS TRIGGER LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr BEFORE UPDATE OF name ON doc FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name AND new.k =
    'x') EXECUTE FUNCTION tf();
CREATE VIEW v AS SELECT d.id, d.name FROM doc d;
CREATE VIEW v2 AS SELECT v.name AS n FROM v;
CREATE SEQUENCE sq;
ALTER TABLE doc ALTER id SET DEFAULT nextval('sq');
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO doc (id) VALUES (new.id);
CREATE PUBLICATION pb FOR TABLE doc;
ALTER TABLE doc RENAME COLUMN name TO title;
ALTER TABLE doc RENAME COLUMN tenant_id TO tid;
ALTER TABLE tenant RENAME COLUMN id TO tid;
ALTER TABLE tenant RENAME TO customer;
ALTER TABLE doc RENAME TO document;
ALTER FUNCTION own(int) RENAME TO OWNED;
ALTER TYPE kind RENAME TO sort;
ALTER SEQUENCE sq RENAME TO seq;
ALTER VIEW v RENAME TO vvv;
ALTER VIEW vvv RENAME COLUMN name TO title;
ALTER TABLE customer SET SCHEMA PUBLIC;
ALTER TYPE sort SET SCHEMA PUBLIC;
ALTER FUNCTION OWNED(int) SET SCHEMA PUBLIC;
ALTER SCHEMA s RENAME TO s2;
ALTER INDEX s2.doc_lower_idx RENAME TO dl;
ALTER TABLE s2.document RENAME CONSTRAINT doc_check TO dc;
ALTER TABLE s2.document RENAME CONSTRAINT doc_tenant_id_fkey TO fk;
ALTER TRIGGER tr ON s2.document RENAME TO tr9;
ALTER TABLE PUBLIC.customer RENAME CONSTRAINT tenant_pkey TO cpk;
ALTER POLICY a ON s2.document RENAME TO aa;
ALTER TABLE s2.document ALTER COLUMN sub TYPE bigint;
