-- The table that says which migrations have been applied, if it is there, and else where it would be made.
-- Parameters: $1 its name, $2 the schemas to look for it in, in order, $3 the owner that the manifest names, or NULL.
--
-- Whoever owns the table can make it run what they please as whoever adds a line to it. So it has to be a superuser's, one's
-- own or the owner's, or, of one who is no superuser, that of a role that one is a member of.
SELECT
    coalesce(found.schema, ($2::text[])[1], 'public') AS schema,
    found.oid IS NOT NULL AS present,
    found.is_table,
    found.owner,
    NOT found.superuser
        AND found.relowner <> me.oid
        AND CASE
            WHEN me.rolsuper THEN found.owner IS DISTINCT FROM $3
            ELSE NOT pg_catalog.pg_has_role(found.relowner, 'MEMBER')
        END AS is_strangers,
    (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
     FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = found.oid AND a.attname = 'version' AND NOT a.attisdropped) AS version_type
FROM pg_catalog.pg_roles AS me
    LEFT JOIN LATERAL (
        SELECT
            n.nspname::text AS schema,
            c.oid,
            c.relowner,
            c.relkind IN ('r', 'p') AS is_table,
            r.rolname::text AS owner,
            r.rolsuper AS superuser
        FROM pg_catalog.unnest($2::text[]) WITH ORDINALITY AS path (schema, place)
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = path.schema
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = $1
            JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
        ORDER BY path.place
        LIMIT 1
    ) AS found ON true
WHERE me.rolname = current_user;
