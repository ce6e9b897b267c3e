-- Lets those who insert advance a sequence.
-- Variables: schema, sequence, writers (a list of roles).
GRANT USAGE ON SEQUENCE :"schema".:"sequence" TO :writers;
