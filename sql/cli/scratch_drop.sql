-- Drops a copy.
-- Variables: name.
DROP DATABASE IF EXISTS :"name" WITH (FORCE);
