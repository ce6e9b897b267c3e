-- Whether there is such a tenant.
-- Variables: schema, table, column, type (of the tenant column).
-- Parameters: $1 tenant.
SELECT EXISTS (SELECT FROM :"schema".:"table" WHERE :"column" = cast($1::text AS :type)) AS known;
