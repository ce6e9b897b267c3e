-- Drops the function that says why a seal does not hold.
-- Variables: support (schema).
DROP FUNCTION IF EXISTS :"support".not_sealed(text, text);
