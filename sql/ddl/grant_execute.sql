-- Lets a role call a function.
-- Variables: function (with the types of its arguments), role.
GRANT EXECUTE ON FUNCTION :function TO :"role";
