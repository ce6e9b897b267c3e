-- The rows that carry the tenant, of a table of which policies show more.
-- Variables: column, tenant, type (of the tenant column).
WHERE t.:"column" = cast(:'tenant' AS :type)
