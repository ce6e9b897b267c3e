-- Whether a table has a row of the tenant's.
-- Variables: schema, table, column, type (of the tenant column).
-- Parameters: $1 tenant.
SELECT EXISTS (SELECT FROM :"schema".:"table" WHERE :"column" = cast($1::text AS :type));
