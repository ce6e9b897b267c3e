-- A role that services or backups log in as, or functions run as, is a member of none that can do more than policies allow.
-- Variables: role, owner (roles), purpose (app, system, backup, resolver or sealer).
SET LOCAL tenantry.role = :'role';
SET LOCAL tenantry.owner = :'owner';
SET LOCAL tenantry.purpose = :'purpose';

DO $$
DECLARE
    role_name text := current_setting('tenantry.role');
    reached   text;
    because   text;
BEGIN
    SELECT rolname,
        CASE
            WHEN rolsuper THEN 'a superuser'
            WHEN rolname = current_setting('tenantry.owner') THEN 'the owner of the tables'
            WHEN rolbypassrls THEN 'not bound by policies'
            WHEN rolreplication THEN 'allowed to replicate every row'
            ELSE 'allowed to make and alter roles'
        END
    INTO reached, because
    FROM pg_catalog.pg_roles
    WHERE rolname <> role_name
        AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole
             OR rolname = current_setting('tenantry.owner'))
        AND pg_has_role(role_name, oid, 'MEMBER')
    ORDER BY rolname
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('role %I is a member of %I, which is %s; expected no such membership of the %s role',
                             role_name, reached, because, current_setting('tenantry.purpose')),
            HINT = format('run REVOKE %I FROM %I, or from the role between them, or name another role',
                          reached, role_name);
    END IF;
END
$$;
