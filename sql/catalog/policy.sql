-- The policies.
SELECT p.polrelid AS relation,
       p.polname,
       p.polpermissive,
       p.polcmd,
       -- NULL is PUBLIC.
       ARRAY(
           SELECT CASE WHEN r.oid <> 0 THEN pg_get_userbyid(r.oid) END
           FROM unnest(p.polroles) AS r (oid)
       ) AS roles,
       pg_get_expr(p.polqual, p.polrelid) AS using_expression,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression,
       obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy AS p
    JOIN pg_class AS c ON c.oid = p.polrelid
WHERE c.relpersistence <> 't';
