-- A unique index that leads with the tenant column, unless there is one on the same columns.
-- Variables: schema, table, index (its name), columns (such as {tenant_id,id}).
SET LOCAL tenantry.schema = :'schema';
SET LOCAL tenantry.table_name = :'table';
SET LOCAL tenantry.index = :'index';
SET LOCAL tenantry.columns = :'columns';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
    wanted text[]   := current_setting('tenantry.columns');
BEGIN
    -- A foreign key can refer to an index that is unique at once, on columns alone and on all rows.
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = target
            AND i.indisunique
            -- Not a key WITHOUT OVERLAPS, which takes a foreign key with PERIOD alone.
            AND NOT i.indisexclusion
            AND i.indisvalid
            AND i.indimmediate
            AND i.indpred IS NULL
            AND i.indexprs IS NULL
            AND wanted = (
                SELECT array_agg(a.attname::text ORDER BY k.position)
                FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = target AND a.attnum = k.attnum
                WHERE k.position <= i.indnkeyatts
            )
    ) THEN
        EXECUTE format('CREATE UNIQUE INDEX %I ON %s (%s)', current_setting('tenantry.index'), target,
                       (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                        FROM unnest(wanted) WITH ORDINALITY AS w (c, n)));
    END IF;
END
$$;
