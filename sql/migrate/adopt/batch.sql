-- Gives the rows of one range their tenant.
-- Variables: schema, table, column (of the tenant), tenant (an expression), source (a join with the parent, or nothing),
--     known (whether the tenant is known, of t and parent), after, upto (whether t lies behind $1, and not behind $2).
-- Parameters: $1 and $2, where the range begins and ends, as texts, or NULL for the ends of the table; $3, the search_path that
--     triggers expect. Names in here have been looked up by then.
--
-- Rows that somebody else has locked are left for another time: a batch waits for no writer, so it cannot be part of a deadlock.
UPDATE :"schema".:"table" AS t
SET :"column" = batch.tenant
FROM (
    SELECT t.ctid AS place,
        :tenant AS tenant
    FROM :"schema".:"table" AS t:source
    WHERE ($1::text[] IS NULL OR :after)
        AND ($2::text[] IS NULL OR :upto)
        AND t.:"column" IS NULL
        AND :known
    FOR NO KEY UPDATE OF t SKIP LOCKED
) AS batch
WHERE t.ctid = batch.place
    AND (SELECT pg_catalog.set_config('search_path', $3, true)) IS NOT NULL;
