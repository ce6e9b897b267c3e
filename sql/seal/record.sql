-- Records a token among the accesses across tenants. The reason is that of the transaction.
-- Variables: support (schema).
INSERT INTO :"support".system_access (row_count) VALUES (0);
