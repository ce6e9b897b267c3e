-- Gives all rows that have none their tenant, in one statement, for a time in which nobody else works with the table.
-- Variables: schema, table, column (of the tenant), tenant (an expression), source (FROM and the parent, or nothing), join (AND
--     and how t and parent belong together, or nothing).
UPDATE :"schema".:"table" AS t
SET :"column" = :tenant:source
WHERE t.:"column" IS NULL:join;
