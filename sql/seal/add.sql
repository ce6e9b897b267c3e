-- Lets the database verify seals of another key. A key that was to retire stays.
-- Variables: support (schema).
--
-- $1: the name of the key. $2, $3: the blocks that its HMAC begins with.
INSERT INTO :"support".seal_key (id, inner_pad, outer_pad)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET retires_at = 'infinity';
