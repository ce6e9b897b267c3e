-- What PostgreSQL 18 has added to constraints. Before it the server refuses each of these forms.
CREATE TABLE slot (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE use (
    id int4range,
    during daterange,
    period int UNIQUE,
    tag text CHECK (tag <> '') NOT ENFORCED,
    above int DEFAULT 1 REFERENCES use (period) NOT ENFORCED,
    FOREIGN KEY (id, PERIOD during) REFERENCES slot,
    CONSTRAINT k UNIQUE (id, during WITHOUT OVERLAPS) INCLUDE (tag)
);
ALTER TABLE use ADD CONSTRAINT f FOREIGN KEY (id, PERIOD during) REFERENCES slot (id, PERIOD during) DEFERRABLE NOT VALID;
ALTER TABLE use ADD FOREIGN KEY (period) REFERENCES use (period);
ALTER TABLE use ADD CONSTRAINT e FOREIGN KEY (above) REFERENCES use (period) DEFERRABLE INITIALLY DEFERRED NOT ENFORCED;
ALTER TABLE use ALTER CONSTRAINT e ENFORCED;
ALTER TABLE use ALTER CONSTRAINT f NOT ENFORCED;
ALTER TABLE use ADD CONSTRAINT c CHECK (above > 0) NOT ENFORCED;
CREATE TABLE use_like (LIKE use INCLUDING ALL);
CREATE TABLE part (id int4range, kind int4range, during daterange, UNIQUE (id, kind, during WITHOUT OVERLAPS)) PARTITION BY LIST (kind);
CREATE TABLE part_1 PARTITION OF part DEFAULT;
CREATE TABLE note (a int, b int, c int, d int);
CREATE TABLE note_heir () INHERITS (note);
ALTER TABLE note ADD CONSTRAINT a_given NOT NULL a NOT VALID;
ALTER TABLE note ADD NOT NULL b NOT VALID;
ALTER TABLE note ADD CONSTRAINT c_given NOT NULL c NOT VALID, ADD CONSTRAINT d_given NOT NULL d NOT VALID;
ALTER TABLE note RENAME CONSTRAINT a_given TO a_renamed;
ALTER TABLE note VALIDATE CONSTRAINT note_b_not_null;
ALTER TABLE note DROP CONSTRAINT d_given;
CREATE TABLE note_late () INHERITS (note);
CREATE TABLE note_like (LIKE note);
CREATE TABLE given (a int, CONSTRAINT given_a NOT NULL a NOT VALID, CONSTRAINT given_c CHECK (a > 0) NOT ENFORCED);
