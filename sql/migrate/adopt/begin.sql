-- Records an adoption.
-- Variables: support (schema).
-- Parameters: $1, its tables.
INSERT INTO :"support".adoption (tables) VALUES ($1) RETURNING id;
