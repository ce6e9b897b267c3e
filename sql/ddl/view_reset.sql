-- Takes options of a view back to their defaults.
-- Variables: schema, view, options (a list of names).
ALTER VIEW :"schema".:"view" RESET (:options);
