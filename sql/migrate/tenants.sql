-- All tenants.
-- Variables: schema, table, column.
SELECT DISTINCT :"column"::text AS tenant
FROM :"schema".:"table"
WHERE :"column" IS NOT NULL
ORDER BY tenant;
