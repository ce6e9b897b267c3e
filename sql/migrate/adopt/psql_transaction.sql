-- A step of several statements.
-- Variables: statements.
BEGIN;

:statements

COMMIT;
