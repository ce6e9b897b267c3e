-- The position in the write-ahead log ahead of which all stands that was committed until now, or on a standby all that it has
-- replayed.
--
-- What is to be inserted next begins behind the header of a page, of 24 or 40 bytes, where the last record has ended with the
-- page before. A standby that has replayed that record tells its end, which is where the header begins.
SELECT CASE
           WHEN inserted IS NULL THEN pg_catalog.pg_last_wal_replay_lsn()
           WHEN on_page IN (24, 40) THEN inserted - on_page
           ELSE inserted
       END
FROM (SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_insert_lsn() END) AS log (inserted),
     LATERAL (SELECT pg_catalog.mod(inserted - '0/0'::pg_catalog.pg_lsn,
                                    pg_catalog.current_setting('wal_block_size')::pg_catalog.numeric)) AS page (on_page);
