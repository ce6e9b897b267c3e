-- Drops a function or procedure. It fails while something depends on it.
-- Variables: function (its name and the types of its arguments).
DROP ROUTINE :function;
