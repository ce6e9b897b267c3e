-- The role that statements run as.
SELECT current_user::pg_catalog.text AS login;
