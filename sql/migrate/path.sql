-- Where a session looks names up, and in which schemas that is.
SELECT pg_catalog.current_setting('search_path') AS path,
    pg_catalog.current_schemas(false)::pg_catalog.text[] AS schemas;
