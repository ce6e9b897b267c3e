-- The tenant that is bound, or else one that is known.
-- Variables: bound (an expression), tenant, type.
coalesce(:bound, cast(:'tenant' AS :type))
