-- Sets a password by its SCRAM-SHA-256 verifier, so that no plain text is sent or logged.
-- Variables: role, verifier.
ALTER ROLE :"role" PASSWORD :'verifier';
