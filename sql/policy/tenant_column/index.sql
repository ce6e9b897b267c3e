-- An index that leads with the tenant column, unless there is one.
-- Variables: schema, table, index (its name), column.
SET LOCAL tenantry.schema = :'schema';
SET LOCAL tenantry.table_name = :'table';
SET LOCAL tenantry.index = :'index';
SET LOCAL tenantry.column_name = :'column';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = target
            AND i.indisvalid
            AND i.indpred IS NULL
            AND m.amname = 'btree'
            AND a.attname = current_setting('tenantry.column_name')
    ) THEN
        EXECUTE format('CREATE INDEX %I ON %s (%I)', current_setting('tenantry.index'), target,
                       current_setting('tenantry.column_name'));
    END IF;
END
$$;
