-- Says what a function is.
-- Variables: function (its name and types), comment (a literal, or NULL).
COMMENT ON FUNCTION :function IS :comment;
