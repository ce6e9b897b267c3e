-- Takes away a setting that a role brings along.
-- Variables: role, setting (its name).
ALTER ROLE :"role" RESET :setting;
