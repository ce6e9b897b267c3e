-- Goes through a table as the tool does, without its pauses.
-- Variables: bound, batch (queries with parameters), rows (how many to pass), path (the search_path that triggers expect).
DECLARE
    behind text[];
    upto   text[];
BEGIN
    LOOP
        PERFORM pg_catalog.set_config(name, 'off', true)
        FROM pg_catalog.unnest('{synchronous_commit,enable_seqscan,enable_hashjoin,enable_mergejoin}'::text[]) AS name;

        -- Where the batch ends, or NULL at the end of the table.
        EXECUTE :'bound'
        INTO upto
        USING behind, :rows;

        EXECUTE :'batch'
        USING behind, upto, :'path';

        COMMIT;
        EXIT WHEN upto IS NULL;
        behind := upto;
    END LOOP;
END
