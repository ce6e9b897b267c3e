-- What has happened to invoices and payments, and what others are to be told of it.

CREATE TABLE trail (
    tenant_id uuid NOT NULL REFERENCES company,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL DEFAULT now(),
    -- The subject of the token, which the service sets for each transaction.
    by        text,
    relation  text NOT NULL,
    action    text NOT NULL,
    before    jsonb,
    after     jsonb,
    PRIMARY KEY (tenant_id, id)
);

CREATE FUNCTION leave_trail() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    INSERT INTO public.trail (tenant_id, by, relation, action, before, after)
    VALUES (
        coalesce(new.tenant_id, old.tenant_id),
        nullif(current_setting('app.user', true), ''),
        tg_table_name,
        tg_op,
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER trail AFTER INSERT OR UPDATE OR DELETE ON invoice
    FOR EACH ROW EXECUTE FUNCTION leave_trail();
CREATE TRIGGER trail AFTER INSERT OR UPDATE OR DELETE ON payment
    FOR EACH ROW EXECUTE FUNCTION leave_trail();

-- Written in the transaction that others are to hear of, and delivered after it by a worker, at least once.
CREATE TABLE outbox (
    tenant_id    uuid NOT NULL REFERENCES company,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    topic        text NOT NULL,
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 0,
    next_at      timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX outbox_waiting ON outbox (tenant_id, next_at) WHERE delivered_at IS NULL;

CREATE TABLE file (
    tenant_id    uuid NOT NULL REFERENCES company,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    name         text NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL CHECK (size BETWEEN 0 AND 26214400),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
