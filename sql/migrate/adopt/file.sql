-- The steps of the file of an adoption.
-- Variables: support (schema).
-- Parameters: $1, the adoption.
SELECT object, what, up, down FROM :"support".adoption_file WHERE adoption = $1 ORDER BY number;
