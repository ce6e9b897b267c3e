-- Drops the table of the keys that sealed settings are verified with. What is sealed holds no longer.
-- Variables: support (schema).
DROP TABLE IF EXISTS :"support".seal_key;
