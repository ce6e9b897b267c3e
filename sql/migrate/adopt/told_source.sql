-- What is joined to a row, as t, for its tenant, as told.tenant. The function is asked once for each row.
-- Variables: support (schema), function.
CROSS JOIN LATERAL (SELECT :"support".:"function"(t) AS tenant OFFSET 0) AS told
