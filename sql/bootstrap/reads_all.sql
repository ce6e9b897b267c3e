-- The role of backups reads every table, sequence and schema, those that are still to be made included.
-- Variables: backup (role).
SET LOCAL tenantry.backup = :'backup';

DO $$
BEGIN
    IF NOT pg_catalog.pg_has_role(current_setting('tenantry.backup'), 'pg_read_all_data', 'USAGE') THEN
        EXECUTE format('GRANT pg_read_all_data TO %I', current_setting('tenantry.backup'));
    END IF;
END
$$;
