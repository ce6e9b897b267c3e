-- How far a standby has replayed the write-ahead log.
SELECT pg_catalog.pg_last_wal_replay_lsn();
