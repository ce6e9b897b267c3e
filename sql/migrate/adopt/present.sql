-- Tells what is there of the place of the records, whose it is, and of the app role.
-- Variables: support, app (names).
--
-- The records hold SQL that whoever goes on with an adoption will run. So they have to be a superuser's, one's own, or, of one
-- who is no superuser, those of a role that one is a member of.
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = :'support') AS schema,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = :'support' AND c.relname = 'adoption_step'
    ) AS records,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = :'support' AND c.relname = 'adoption_file'
    ) AS files,
    (
        SELECT pg_catalog.min(owner.rolname::text)
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_roles AS owner ON owner.oid = c.relowner
            JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
        WHERE n.nspname = :'support'
            AND c.relname IN ('adoption', 'adoption_step', 'adoption_file')
            AND NOT owner.rolsuper
            AND owner.oid <> me.oid
            AND (me.rolsuper OR NOT pg_catalog.pg_has_role(owner.oid, 'MEMBER'))
    ) AS stranger,
    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'app') AS app;
