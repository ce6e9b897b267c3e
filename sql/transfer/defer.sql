-- Foreign keys that can wait are checked at the commit.
SET CONSTRAINTS ALL DEFERRED;
