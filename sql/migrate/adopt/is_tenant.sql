-- Whether there is such a tenant.
-- Variables: schema, table, column. Parameters: $1 tenant, as the setting carries it.
SELECT EXISTS (
    SELECT
    FROM :"schema".:"table"
    WHERE :"column"::pg_catalog.text OPERATOR(pg_catalog.=) $1
) AS found;
