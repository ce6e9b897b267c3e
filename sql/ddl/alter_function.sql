-- Changes an attribute of a function or procedure.
-- Variables: function (its name and the types of its arguments), change (such as SECURITY INVOKER).
ALTER ROUTINE :function :change;
