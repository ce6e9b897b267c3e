-- Makes the database that files are run in.
-- Variables: database.
CREATE DATABASE :"database" TEMPLATE template0;
