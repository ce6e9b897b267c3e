BEGIN;

-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- check the bootstrap
SET LOCAL tenantry.support = 'tenantry';
SET LOCAL tenantry.type = 'uuid';

DO $$
DECLARE
    function_name text := format('%I.tenant_id', current_setting('tenantry.support'));
    wanted        regtype := current_setting('tenantry.type')::regtype;
    present         regtype := (
        SELECT prorettype
        FROM pg_catalog.pg_proc
        WHERE oid = to_regprocedure(function_name || '()')
    );
BEGIN
    IF present IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('function %s() %s; expected it to return %s', function_name,
                             coalesce('returns ' || present, 'does not exist'), wanted),
            HINT = 'run the bootstrap of this tenancy first';
    END IF;
END
$$;

-- secure "erp"."customer": no force
ALTER TABLE "erp"."customer" NO FORCE ROW LEVEL SECURITY;

-- secure "erp"."invoice": no force
ALTER TABLE "erp"."invoice" NO FORCE ROW LEVEL SECURITY;

-- secure "erp"."invoice_2026": no force
ALTER TABLE "erp"."invoice_2026" NO FORCE ROW LEVEL SECURITY;

-- secure "erp"."customer": tenant column
ALTER TABLE "erp"."customer"
    ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id(),
    ALTER COLUMN "tenant_id" SET NOT NULL;

-- secure "erp"."customer": unique index
SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'customer';
SET LOCAL tenantry.index = 'customer_tenant_id_id_key';
SET LOCAL tenantry.columns = '{"tenant_id","id"}';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
    wanted text[]   := current_setting('tenantry.columns');
BEGIN
    -- A foreign key can refer to an index that is unique at once, on columns alone and on all rows.
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = target
            AND i.indisunique
            -- Not a key WITHOUT OVERLAPS, which takes a foreign key with PERIOD alone.
            AND NOT i.indisexclusion
            AND i.indisvalid
            AND i.indimmediate
            AND i.indpred IS NULL
            AND i.indexprs IS NULL
            AND wanted = (
                SELECT array_agg(a.attname::text ORDER BY k.position)
                FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = target AND a.attnum = k.attnum
                WHERE k.position <= i.indnkeyatts
            )
    ) THEN
        EXECUTE format('CREATE UNIQUE INDEX %I ON %s (%s)', current_setting('tenantry.index'), target,
                       (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                        FROM unnest(wanted) WITH ORDINALITY AS w (c, n)));
    END IF;
END
$$;

-- secure "erp"."invoice": tenant column
ALTER TABLE "erp"."invoice"
    ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id(),
    ALTER COLUMN "tenant_id" SET NOT NULL;

-- secure "erp"."invoice": index
SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'invoice';
SET LOCAL tenantry.index = 'invoice_tenant_id_idx';
SET LOCAL tenantry.column_name = 'tenant_id';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = target
            AND i.indisvalid
            AND i.indpred IS NULL
            AND m.amname = 'btree'
            AND a.attname = current_setting('tenantry.column_name')
    ) THEN
        EXECUTE format('CREATE INDEX %I ON %s (%I)', current_setting('tenantry.index'), target,
                       current_setting('tenantry.column_name'));
    END IF;
END
$$;

-- secure "erp"."invoice": replaced foreign key
ALTER TABLE "erp"."invoice" DROP CONSTRAINT IF EXISTS "invoice_customer_id_fkey";

-- secure "erp"."invoice": foreign key
SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'invoice';
SET LOCAL tenantry.constraint_name = 'invoice_customer_id_tenant_fkey';
SET LOCAL tenantry.columns = '{"tenant_id","customer_id"}';
SET LOCAL tenantry.referenced_schema = 'erp';
SET LOCAL tenantry.referenced_table = 'customer';
SET LOCAL tenantry.referenced_columns = '{"tenant_id","id"}';
SET LOCAL tenantry.on_delete = 'SET NULL';
SET LOCAL tenantry.on_delete_columns = '{"customer_id"}';

DO $$
DECLARE
    child              regclass := format('%I.%I', current_setting('tenantry.schema'),
                                          current_setting('tenantry.table_name'))::regclass;
    parent             regclass := format('%I.%I', current_setting('tenantry.referenced_schema'),
                                          current_setting('tenantry.referenced_table'))::regclass;
    constraint_name    text     := current_setting('tenantry.constraint_name');
    columns            text[]   := current_setting('tenantry.columns');
    referenced_columns text[]   := current_setting('tenantry.referenced_columns');
    on_delete          text     := current_setting('tenantry.on_delete');
    on_delete_columns  text[]   := current_setting('tenantry.on_delete_columns');
    parent_is_forced   boolean;
    kept               boolean;
BEGIN
    IF cardinality(on_delete_columns) > 0 THEN
        -- Without the list the tenant column would be set too.
        IF current_setting('server_version_num')::integer < 150000 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TN002',
                MESSAGE = format('foreign key %I asks for ON DELETE %s, which takes a list of columns from '
                                 'PostgreSQL 15 on; found %s', constraint_name, on_delete,
                                 current_setting('server_version')),
                HINT = 'choose another action, or upgrade the server';
        END IF;
        on_delete := format('%s (%s)', on_delete,
                            (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                             FROM unnest(on_delete_columns) WITH ORDINALITY AS l (c, n)));
    END IF;

    SELECT contype = 'f'
        AND convalidated
        AND confrelid = parent
        AND confdeltype = CASE split_part(current_setting('tenantry.on_delete'), ' ', 1)
                              || split_part(current_setting('tenantry.on_delete'), ' ', 2)
                              WHEN 'NOACTION' THEN 'a'
                              WHEN 'RESTRICT' THEN 'r'
                              WHEN 'CASCADE' THEN 'c'
                              WHEN 'SETNULL' THEN 'n'
                              WHEN 'SETDEFAULT' THEN 'd'
                          END
        AND columns = (
            SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(conkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = child AND a.attnum = k.attnum
        )
        AND referenced_columns = (
            SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(confkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = parent AND a.attnum = k.attnum
        )
    INTO kept
    FROM pg_catalog.pg_constraint
    WHERE conrelid = child AND conname = constraint_name;

    IF kept THEN
        RETURN;
    ELSIF NOT kept THEN
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', child, constraint_name);
    END IF;

    -- The referenced table may have been secured before, and the validation must see its rows.
    SELECT relforcerowsecurity INTO parent_is_forced FROM pg_catalog.pg_class WHERE oid = parent;
    IF parent_is_forced THEN
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', parent);
    END IF;
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s',
                   child, constraint_name,
                   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                    FROM unnest(columns) WITH ORDINALITY AS l (c, n)),
                   parent,
                   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                    FROM unnest(referenced_columns) WITH ORDINALITY AS l (c, n)),
                   on_delete);
    IF parent_is_forced THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', parent);
    END IF;
END
$$;

-- secure "erp"."customer": row-level security
ALTER TABLE "erp"."customer"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'customer';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
    policy name;
BEGIN
    FOR policy IN
        SELECT polname FROM pg_catalog.pg_policy WHERE polrelid = target AND polname LIKE 'tenantry\_%'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy, target);
    END LOOP;
END
$$;

-- secure "erp"."customer": policies
CREATE POLICY tenantry_tenant ON "erp"."customer"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_tenant ON "erp"."customer" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."customer"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor ON "erp"."customer" IS 'tenantry: tenant, version 1';

-- secure "erp"."invoice": row-level security
ALTER TABLE "erp"."invoice"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'invoice';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
    policy name;
BEGIN
    FOR policy IN
        SELECT polname FROM pg_catalog.pg_policy WHERE polrelid = target AND polname LIKE 'tenantry\_%'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy, target);
    END LOOP;
END
$$;

-- secure "erp"."invoice": policies
CREATE POLICY tenantry_tenant ON "erp"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';

-- secure "erp"."invoice_2026": partition
ALTER TABLE "erp"."invoice_2026"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "erp"."invoice_2026" FROM PUBLIC, "erp_app";

-- grant usage on schema "erp"
GRANT USAGE ON SCHEMA "erp" TO "erp_app", "erp_system";

-- secure "erp"."customer": grants
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE "erp"."customer" FROM PUBLIC;

REVOKE ALL ON TABLE "erp"."customer" FROM "erp_app", "erp_system";

-- secure "erp"."customer": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."customer" TO "erp_app";

-- secure "erp"."customer": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."customer" TO "erp_system";

-- secure "erp"."invoice": grants
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE "erp"."invoice" FROM PUBLIC;

REVOKE ALL ON TABLE "erp"."invoice" FROM "erp_app", "erp_system";

-- secure "erp"."invoice": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."invoice" TO "erp_app";

-- secure "erp"."invoice": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."invoice" TO "erp_system";

-- secure "erp"."invoice_id_seq": sequence
GRANT USAGE ON SEQUENCE "erp"."invoice_id_seq" TO "erp_app", "erp_system";

-- secure "erp"."open_invoice": view
DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('a view reads with the rights of its owner before PostgreSQL 15; found %s',
                             current_setting('server_version')),
            HINT = 'leave the view out and revoke it from the app role, or upgrade the server';
    END IF;
END
$$;

ALTER VIEW "erp"."open_invoice" SET (security_invoker = true, security_barrier = true);

GRANT SELECT ON TABLE "erp"."open_invoice" TO "erp_app", "erp_system";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);


COMMIT;
