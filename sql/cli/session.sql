-- What target_session_attrs asks about: whether the server is a standby, and whether sessions start read-only.
SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.pg_is_in_recovery()
           OR pg_catalog.current_setting('default_transaction_read_only')::bool AS read_only;
