-- What is bound, if it is sealed by a key of this database: value, expiry, key, backend and MAC, with a dot between each and the next.
-- Variables: support (schema), setting (its name), value (the expression that gives what part[1] stands for),
--     bare (what is done with a setting that is not of this form), refused (what is done with one that does not hold).
--
-- The server sets each expression of a function up once a transaction, and each call in it costs: hence so few. The MAC is that of
-- RFC 2104 with SHA-256, over the lines setting, role, database, value, expiry, key, backend. Two texts are compared from their
-- first byte on, and how long that takes would tell how many of them are right; their hashes have nothing to do with these. Whatever
-- stands behind an AND that is NULL is evaluated, hence the first line of the condition: only what is sealed is taken for a number.
DECLARE
    part text[] := string_to_array(current_setting(:'setting', true), '.');
    mac  text;
BEGIN
    SELECT encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(
               concat_ws(E'\n', :'setting', session_user, current_catalog, part[1], part[2], part[3], part[4]), 'UTF8'))), 'hex')
    INTO mac
    FROM :"support".seal_key AS k
    WHERE k.id = part[3] AND k.retires_at > current_timestamp;

    IF mac IS NOT NULL AND part[5] IS NOT NULL
        AND hashtextextended(mac, 0) = hashtextextended(part[5], 0)
        AND mac = part[5]
        AND part[6] IS NULL
        AND to_timestamp(part[2]::float8) > current_timestamp
        AND part[4] IN ('0', pg_backend_pid()::text)
    THEN
        RETURN :value;
    END IF;
:bare:refused
END
