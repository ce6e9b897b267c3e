-- Says that a migration has been taken back.
-- Variables: schema, table, version (a number).
DELETE FROM :"schema".:"table" WHERE version = :version;
