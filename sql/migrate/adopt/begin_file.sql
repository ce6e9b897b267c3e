-- Records a step of the file of an adoption.
-- Variables: support (schema).
INSERT INTO :"support".adoption_file (adoption, number, object, what, up, down) VALUES ($1, $2, $3, $4, $5, $6);
