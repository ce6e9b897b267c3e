-- Lets a role log in to a throwaway server.
-- Variables: role, password.
ALTER ROLE :"role" LOGIN PASSWORD :'password';
