-- No trigger fires, those that check foreign keys included.
SET LOCAL session_replication_role = replica;
