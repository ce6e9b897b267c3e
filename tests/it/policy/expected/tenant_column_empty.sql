BEGIN;

-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- secure "erp"."invoice": no force
ALTER TABLE "erp"."invoice" NO FORCE ROW LEVEL SECURITY;

-- secure "erp"."invoice": tenant column
ALTER TABLE "erp"."invoice"
    ALTER COLUMN "Company" SET DEFAULT nullif(pg_catalog.current_setting('erp.company', true), '')::bigint,
    ALTER COLUMN "Company" SET NOT NULL;

-- secure "erp"."invoice": index
SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'invoice';
SET LOCAL tenantry.index = 'invoice_Company_idx';
SET LOCAL tenantry.column_name = 'Company';

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
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('erp.company', true), '')::bigint))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('erp.company', true), '')::bigint));

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('erp.company', true), '')::bigint))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('erp.company', true), '')::bigint));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';

-- grant usage on schema "erp"
GRANT USAGE ON SCHEMA "erp" TO "erp_app", "erp_system";

-- secure "erp"."invoice": grants
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE "erp"."invoice" FROM PUBLIC;

REVOKE ALL ON TABLE "erp"."invoice" FROM "erp_app", "erp_system";

-- secure "erp"."invoice": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."invoice" TO "erp_app";

-- secure "erp"."invoice": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."invoice" TO "erp_system";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);


COMMIT;
