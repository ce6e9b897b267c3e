-- Runs a statement within the server, once for each i of 0 to 99 in each pass, and returns the microseconds
-- of one execution by the clock. Its plan is kept as that of a prepared statement is.
CREATE FUNCTION {schema}.{function}(passes integer, last integer, tenant bigint, start bigint)
    RETURNS double precision
    LANGUAGE plpgsql
    SET search_path = {schema}
    SET enable_indexscan = {index}
    SET enable_bitmapscan = {index}
    SET enable_indexonlyscan = {index}
    SET max_parallel_workers_per_gather = 0
AS $function$
DECLARE
    begun timestamptz := clock_timestamp();
BEGIN
    FOR pass IN 1..passes LOOP
        FOR i IN 0..last LOOP
            {statement};
        END LOOP;
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - begun) * 1000000 / passes / (last + 1);
END
$function$;

GRANT EXECUTE ON FUNCTION {schema}.{function}(integer, integer, bigint, bigint) TO PUBLIC;
