-- Whether the server is a standby, of which cluster, and how far it has replayed.
SELECT pg_catalog.pg_is_in_recovery(),
       (SELECT system_identifier FROM pg_catalog.pg_control_system()),
       pg_catalog.pg_last_wal_replay_lsn();
