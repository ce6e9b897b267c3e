-- Runs a statement n times within the server and returns the microseconds of each. The statement is
-- planned as a prepared one is: the first times for its values, later once for all.
CREATE FUNCTION {schema}.{function}(n integer, tenant bigint) RETURNS double precision
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
    FOR i IN 1..n LOOP
        {statement};
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - begun) * 1000000 / n;
END
$function$;

GRANT EXECUTE ON FUNCTION {schema}.{function}(integer, bigint) TO PUBLIC;
