-- Counts the rows without a tenant: those that were locked when their batch came, and those for which the expression tells none.
-- Variables: schema, table, column (of the tenant), source (see told_source.sql).
SELECT count(*) FILTER (WHERE told.tenant IS NOT NULL) AS skipped,
    0::bigint AS without_key,
    0::bigint AS without_parent,
    0::bigint AS of_no_tenant,
    count(*) FILTER (WHERE told.tenant IS NULL) AS untold
FROM :"schema".:"table" AS t
    :source
WHERE t.:"column" IS NULL;
