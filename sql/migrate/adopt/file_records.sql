-- Where it is recorded what comes to the same as an adoption in one transaction, for files.
-- Variables: support (schema), grantees (PUBLIC and the app role, a list).
CREATE TABLE :"support".adoption_file (
    adoption bigint NOT NULL REFERENCES :"support".adoption,
    number   integer NOT NULL,
    object   text NOT NULL,
    what     text NOT NULL,
    up       text NOT NULL,
    down     text NOT NULL,
    PRIMARY KEY (adoption, number)
);

REVOKE ALL ON TABLE :"support".adoption_file FROM :grantees;
