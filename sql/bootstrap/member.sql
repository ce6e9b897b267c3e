-- The migrator is a member of the owner, which cannot log in.
-- Variables: owner, migrator (roles).
SET LOCAL tenantry.owner = :'owner';
SET LOCAL tenantry.migrator = :'migrator';

DO $$
BEGIN
    IF NOT pg_has_role(current_setting('tenantry.migrator'), current_setting('tenantry.owner'), 'USAGE') THEN
        EXECUTE format('GRANT %I TO %I', current_setting('tenantry.owner'), current_setting('tenantry.migrator'));
    END IF;
END
$$;
