-- Reads by the snapshot of another transaction.
-- Variables: snapshot.
SET TRANSACTION SNAPSHOT :'snapshot';
