-- What ALTER ROLE .. SET and ALTER DATABASE .. SET have left that holds in this database.
SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END AS role,
       s.setdatabase <> 0 AS in_database,
       s.setconfig
FROM pg_db_role_setting AS s
WHERE s.setdatabase = 0
   OR s.setdatabase = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
