-- The tables whose policies do not bind the role.
-- Parameters: $1 tables, quoted.
SELECT n.name
FROM unnest($1::text[]) AS n (name)
WHERE NOT pg_catalog.row_security_active(n.name);
