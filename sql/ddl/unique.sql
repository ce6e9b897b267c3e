-- A key that includes the tenant, for foreign keys to refer to.
-- Variables: schema, table, index (its name), columns (a list).
CREATE UNIQUE INDEX :"index" ON :"schema".:"table" (:columns);
