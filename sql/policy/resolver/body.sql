-- Finds the row of a key. The keys are unique, so there is one row or none.
-- Variables: columns (a list), only (ONLY, or nothing), schema, table, keys (conditions, such as found."host" = $1).
SELECT :columns FROM :only:"schema".:"table" AS found WHERE :keys
