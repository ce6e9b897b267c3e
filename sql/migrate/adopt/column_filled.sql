-- Adds the tenant column, with one tenant in every row that is there and no row rewritten; a new row gets the tenant that
-- is bound, or else the same one. In one transaction, so that no row of another tenant's comes between.
-- Variables: schema, table, column, type, tenant, default (an expression).
ALTER TABLE :"schema".:"table" ADD COLUMN :"column" :type DEFAULT cast(:'tenant' AS :type);

ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" SET DEFAULT :default;
