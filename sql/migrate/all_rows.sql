-- A statement that would see only some of the rows because of a policy fails, instead of going on with what it sees.
SET LOCAL row_security = off;
