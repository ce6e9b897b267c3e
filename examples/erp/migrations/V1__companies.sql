-- Companies are the tenants. Everything else belongs to one of them.

CREATE COLLATION bengali (provider = icu, locale = 'bn-BD');

CREATE TABLE company (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL CHECK (name <> ''),
    -- Where its people find the service: the name in the Host header.
    host         text NOT NULL UNIQUE CHECK (host = lower(host)),
    suspended_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE member (
    tenant_id uuid NOT NULL REFERENCES company,
    -- The subject of the tokens that the sign-in service gives.
    subject   text NOT NULL,
    name      text NOT NULL,
    role      text NOT NULL CHECK (role IN ('owner', 'accountant', 'reader')),
    PRIMARY KEY (tenant_id, subject)
);
