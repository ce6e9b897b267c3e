-- Takes attributes from a role, or gives it some.
-- Variables: role, options (such as NOBYPASSRLS).
ALTER ROLE :"role" :options;
