-- Every row has a tenant, by default the one of the transaction that inserts it.
-- Variables: schema, table, column, context (the expression that gives the tenant).
ALTER TABLE :"schema".:"table"
    ALTER COLUMN :"column" SET DEFAULT :context,
    ALTER COLUMN :"column" SET NOT NULL;
