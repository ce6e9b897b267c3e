-- Turns row-level security on, for the owner too, and takes away the policies that this library made before.
-- Variables: schema, table.
ALTER TABLE :"schema".:"table"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

SET LOCAL tenantry.schema = :'schema';
SET LOCAL tenantry.table_name = :'table';

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
