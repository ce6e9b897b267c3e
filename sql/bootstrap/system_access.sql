-- The table in which each transaction across tenants leaves a row, and what the system role may do with it: add rows.
-- Variables: support (schema), app, system (roles).
--
-- The system role gives the number of rows alone. The server fills in the rest, so that the role cannot say that it was another,
-- or at another time; the reason is the one that the transaction has set.
CREATE TABLE IF NOT EXISTS :"support".system_access (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role             name NOT NULL DEFAULT session_user,
    application_name text NOT NULL DEFAULT current_setting('application_name'),
    client_addr      inet DEFAULT inet_client_addr(),
    backend_pid      integer NOT NULL DEFAULT pg_backend_pid(),
    reason           text NOT NULL DEFAULT current_setting('tenantry.system_reason'),
    began_at         timestamptz NOT NULL DEFAULT transaction_timestamp(),
    ended_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    row_count        bigint NOT NULL
);

REVOKE ALL ON TABLE :"support".system_access FROM PUBLIC, :"app", :"system";

GRANT INSERT (row_count) ON TABLE :"support".system_access TO :"system";
