-- Whether a table has a row without a tenant.
SELECT EXISTS (SELECT FROM :"schema".:"table" WHERE :"column" IS NULL) AS found;
