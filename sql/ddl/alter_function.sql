-- Gives a function another attribute.
-- Variables: function (with the types of its arguments), attribute (such as STABLE).
ALTER FUNCTION :function :attribute;
