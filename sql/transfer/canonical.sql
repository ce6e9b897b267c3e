-- A tenant as the server writes it.
-- Variables: type (of the tenant column).
-- Parameters: $1 tenant.
SELECT cast(cast($1::text AS :type) AS text) AS tenant;
