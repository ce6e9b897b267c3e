-- An index that leads with the tenant column.
-- Variables: schema, table, index (its name), columns (a list).
CREATE INDEX :"index" ON :"schema".:"table" (:columns);
