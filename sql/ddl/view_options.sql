-- Sets options of a view.
-- Variables: schema, view, options (a list, such as security_invoker = true).
ALTER VIEW :"schema".:"view" SET (:options);
