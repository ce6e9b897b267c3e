-- Whether the tenant that is told is there.
-- Variables: schema, table, column (of the table that has a row for each tenant).
EXISTS (
        SELECT
        FROM :"schema".:"table" AS roll
        WHERE roll.:"column"::pg_catalog.text OPERATOR(pg_catalog.=) told.tenant::pg_catalog.text
    )
