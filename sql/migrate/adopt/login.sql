-- The role that statements run as.
SELECT current_user::text AS login;
