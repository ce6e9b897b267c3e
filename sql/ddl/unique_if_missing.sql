-- A key that includes the tenant, for foreign keys to refer to, unless another step has made it.
-- Variables: schema, table, index (its name), columns (a list).
CREATE UNIQUE INDEX IF NOT EXISTS :"index" ON :"schema".:"table" (:columns);
