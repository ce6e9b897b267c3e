-- Where adoptions are recorded. The way back of a step and the keys that a backfill has come to are in here, so nobody but
-- those who adopt may read it.
-- Variables: support (schema), grantees (PUBLIC and the app role, a list).
CREATE TABLE :"support".adoption (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tables      text[] NOT NULL,
    begun_by    text NOT NULL DEFAULT session_user,
    begun_at    timestamptz NOT NULL DEFAULT now(),
    aborting_at timestamptz,
    ended_at    timestamptz
);

-- One at a time.
CREATE UNIQUE INDEX adoption_unended ON :"support".adoption ((ended_at IS NULL)) WHERE ended_at IS NULL;

CREATE TABLE :"support".adoption_step (
    adoption   bigint NOT NULL REFERENCES :"support".adoption,
    number     integer NOT NULL,
    object     text NOT NULL,
    phase      text NOT NULL,
    what       text NOT NULL,
    lock       text NOT NULL,
    locked     integer NOT NULL,
    scans      boolean NOT NULL,
    up_kind    text NOT NULL,
    up         text NOT NULL,
    down_kind  text NOT NULL,
    down       text NOT NULL,
    index_of   text[],
    bound      text,
    size       text,
    remaining  text,
    sweep      boolean NOT NULL,
    in_the_way text,
    started_at timestamptz,
    done_at    timestamptz,
    undone_at  timestamptz,
    pass       integer NOT NULL DEFAULT 0,
    position   text[],
    walked     bigint NOT NULL DEFAULT 0,
    total      bigint NOT NULL DEFAULT 0,
    rows       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (adoption, number)
);

REVOKE ALL ON TABLE :"support".adoption, :"support".adoption_step FROM :grantees;
