-- Counts the rows without a tenant: those that were locked when their batch came, and those whose tenant nothing tells.
-- Variables: schema, table, column (of the tenant), parent_schema, parent_table, parent_column (of its tenant), join (of parent
--     and t), no_key (whether the row names no parent, of t), no_parent (whether none was found).
SELECT count(*) FILTER (WHERE parent.:"parent_column" IS NOT NULL) AS skipped,
    count(*) FILTER (WHERE :no_key) AS without_key,
    count(*) FILTER (WHERE NOT (:no_key) AND :no_parent) AS without_parent,
    count(*) FILTER (WHERE NOT (:no_key) AND NOT (:no_parent) AND parent.:"parent_column" IS NULL) AS of_no_tenant
FROM :"schema".:"table" AS t
    LEFT JOIN :"parent_schema".:"parent_table" AS parent ON :join
WHERE t.:"column" IS NULL;
