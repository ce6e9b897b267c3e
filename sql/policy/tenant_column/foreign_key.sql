-- A foreign key with the tenant column on both sides, unless it is there already.
-- Variables: schema, table, constraint, columns (such as {tenant_id,customer_id}),
--     referenced_schema, referenced_table, referenced_columns (such as {tenant_id,id}),
--     on_delete (such as CASCADE), on_delete_columns (of SET NULL and SET DEFAULT; else {}).
SET LOCAL tenantry.schema = :'schema';
SET LOCAL tenantry.table_name = :'table';
SET LOCAL tenantry.constraint_name = :'constraint';
SET LOCAL tenantry.columns = :'columns';
SET LOCAL tenantry.referenced_schema = :'referenced_schema';
SET LOCAL tenantry.referenced_table = :'referenced_table';
SET LOCAL tenantry.referenced_columns = :'referenced_columns';
SET LOCAL tenantry.on_delete = :'on_delete';
SET LOCAL tenantry.on_delete_columns = :'on_delete_columns';

DO $$
DECLARE
    child              regclass := format('%I.%I', current_setting('tenantry.schema'),
                                          current_setting('tenantry.table_name'))::regclass;
    parent             regclass := format('%I.%I', current_setting('tenantry.referenced_schema'),
                                          current_setting('tenantry.referenced_table'))::regclass;
    constraint_name    text     := current_setting('tenantry.constraint_name');
    columns            text[]   := current_setting('tenantry.columns');
    referenced_columns text[]   := current_setting('tenantry.referenced_columns');
    on_delete          text     := current_setting('tenantry.on_delete');
    on_delete_columns  text[]   := current_setting('tenantry.on_delete_columns');
    parent_is_forced   boolean;
    kept               boolean;
BEGIN
    IF cardinality(on_delete_columns) > 0 THEN
        -- Without the list the tenant column would be set too.
        IF current_setting('server_version_num')::integer < 150000 THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TN002',
                MESSAGE = format('foreign key %I asks for ON DELETE %s, which takes a list of columns from '
                                 'PostgreSQL 15 on; found %s', constraint_name, on_delete,
                                 current_setting('server_version')),
                HINT = 'choose another action, or upgrade the server';
        END IF;
        on_delete := format('%s (%s)', on_delete,
                            (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                             FROM unnest(on_delete_columns) WITH ORDINALITY AS l (c, n)));
    END IF;

    SELECT contype = 'f'
        AND convalidated
        AND confrelid = parent
        AND confdeltype = CASE split_part(current_setting('tenantry.on_delete'), ' ', 1)
                              || split_part(current_setting('tenantry.on_delete'), ' ', 2)
                              WHEN 'NOACTION' THEN 'a'
                              WHEN 'RESTRICT' THEN 'r'
                              WHEN 'CASCADE' THEN 'c'
                              WHEN 'SETNULL' THEN 'n'
                              WHEN 'SETDEFAULT' THEN 'd'
                          END
        AND columns = (
            SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(conkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = child AND a.attnum = k.attnum
        )
        AND referenced_columns = (
            SELECT array_agg(a.attname::text ORDER BY k.position)
            FROM unnest(confkey) WITH ORDINALITY AS k (attnum, position)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = parent AND a.attnum = k.attnum
        )
    INTO kept
    FROM pg_catalog.pg_constraint
    WHERE conrelid = child AND conname = constraint_name;

    IF kept THEN
        RETURN;
    ELSIF NOT kept THEN
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', child, constraint_name);
    END IF;

    -- The referenced table may have been secured before, and the validation must see its rows.
    SELECT relforcerowsecurity INTO parent_is_forced FROM pg_catalog.pg_class WHERE oid = parent;
    IF parent_is_forced THEN
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', parent);
    END IF;
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s',
                   child, constraint_name,
                   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                    FROM unnest(columns) WITH ORDINALITY AS l (c, n)),
                   parent,
                   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                    FROM unnest(referenced_columns) WITH ORDINALITY AS l (c, n)),
                   on_delete);
    IF parent_is_forced THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', parent);
    END IF;
END
$$;
