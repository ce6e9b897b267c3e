-- The settings that row-level security policies read by name: in their own expressions, and in the functions that they
-- use, directly or through other functions.
WITH RECURSIVE policy AS (
    SELECT p.oid,
           pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                     pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) AS body
    FROM pg_catalog.pg_policy p
),
-- What no policy of the users' calls is left out: functions of the server's own, and of its extensions.
candidate AS MATERIALIZED (
    SELECT f.oid, f.proname::text AS name,
           pg_catalog.concat_ws(' ', f.prosrc, pg_catalog.pg_get_function_sqlbody(f.oid)) AS body
    FROM pg_catalog.pg_proc f
    JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND f.prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.objid = f.oid AND d.deptype = 'e')
      AND EXISTS (SELECT FROM policy)
),
used AS (
    SELECT c.oid, c.body
    FROM policy p
    JOIN candidate c ON pg_catalog.strpos(p.body, c.name) > 0
    UNION
    SELECT c.oid, c.body
    FROM used u
    JOIN candidate c ON pg_catalog.strpos(u.body, c.name) > 0
),
body AS (
    SELECT body FROM policy
    UNION ALL
    SELECT body FROM used
)
SELECT DISTINCT pg_catalog.lower(found.name[1])
FROM body, pg_catalog.regexp_matches(body.body, 'current_setting\s*\(\s*''+([^'']+)''', 'gi') AS found(name)
ORDER BY 1;
