-- Makes the table that says which migrations have been applied, with the columns that refinery gives it.
-- Variables: schema, table, type (of the version).
CREATE TABLE :"schema".:"table" (
    version :type PRIMARY KEY,
    name varchar(255),
    applied_on varchar(255),
    checksum varchar(255)
);
