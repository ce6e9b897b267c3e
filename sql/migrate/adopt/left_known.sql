-- Counts the rows without a tenant where it is known: those that were locked when their batch came.
-- Variables: schema, table, column (of the tenant).
SELECT count(*) AS skipped,
    0::bigint AS without_key,
    0::bigint AS without_parent,
    0::bigint AS of_no_tenant
FROM :"schema".:"table" AS t
WHERE t.:"column" IS NULL;
