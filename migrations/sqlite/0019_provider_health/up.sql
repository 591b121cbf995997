-- What tests and checks of providers found, apart from the providers, whose versions it does not raise. And what models can do, as far
-- as the operator says so (JSON).
CREATE TABLE provider_health (
    provider_id BIGINT PRIMARY KEY NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    status_code BIGINT,
    latency_ms BIGINT,
    detail TEXT,
    last_tested_at BIGINT,
    is_healthy BOOLEAN NOT NULL,
    consecutive_failures BIGINT NOT NULL,
    checked_at BIGINT
);

ALTER TABLE provider_models ADD COLUMN capabilities TEXT;
