-- Rows that are written get their tenant from the default again.
-- Variables: schema, table, support (schema), function.
DROP TRIGGER zz_tenantry_insert ON :"schema".:"table";

DROP TRIGGER zz_tenantry_update ON :"schema".:"table";

DROP FUNCTION :"support".:"function"();
