-- The snapshot of the transaction, for others to read by.
SELECT pg_catalog.pg_export_snapshot();
