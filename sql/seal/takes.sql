-- What the database takes for a tenant, and of whom.
-- Variables: support (schema).
--
-- The comment is that of sql/bootstrap/seal/function.sql.
SELECT session_user::text AS role,
    current_catalog::text AS database,
    coalesce(d.comment LIKE 'tenantry: sealed%', false) AS sealed,
    coalesce(d.comment LIKE 'tenantry: sealed or bare%', false) AS bare
FROM (
    SELECT pg_catalog.obj_description(
        pg_catalog.to_regprocedure(pg_catalog.format('%I.tenant_id()', :'support'::text)), 'pg_proc')
) AS d (comment);
