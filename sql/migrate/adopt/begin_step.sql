-- Records a step of an adoption.
-- Variables: support (schema).
INSERT INTO :"support".adoption_step
    (adoption, number, object, phase, what, lock, locked, scans, up_kind, up, down_kind, down, index_of, bound, size, remaining,
     sweep, in_the_way)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);
