-- Returns nothing. It is prepared, looked for in pg_prepared_statements by this text, and closed: tenantry.probe.
SELECT WHERE false;
