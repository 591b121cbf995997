-- Configuration: what people administer. Its counterpart is ../../postgres/0001_configuration; the two are kept alike by a test.

CREATE TABLE providers (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    vendor TEXT NOT NULL,
    base_url TEXT,
    is_enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX providers_by_name ON providers (name);

CREATE TABLE provider_models (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    model TEXT NOT NULL,
    rates TEXT,
    rpm BIGINT,
    tpm BIGINT,
    rpd BIGINT,
    concurrency BIGINT,
    context_window BIGINT,
    max_output_tokens BIGINT,
    is_enabled BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX provider_models_by_model ON provider_models (provider_id, model);

-- `owner` is whose the credential is (shared, user:<id>, key:<id>); `source` is what other tables call `owner`.
CREATE TABLE credentials (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    sealed TEXT NOT NULL,
    sealed_under TEXT NOT NULL,
    hint TEXT NOT NULL,
    version BIGINT NOT NULL,
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX credentials_by_provider ON credentials (provider_id, owner);
CREATE INDEX credentials_by_owner ON credentials (owner);

CREATE TABLE routes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    strategy TEXT NOT NULL,
    failover_on TEXT NOT NULL,
    strict BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX routes_by_name ON routes (name);

CREATE TABLE targets (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    route_id BIGINT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    provider_id BIGINT NOT NULL REFERENCES providers (id) ON DELETE RESTRICT,
    model TEXT NOT NULL,
    weight BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    rpm BIGINT,
    tpm BIGINT,
    rpd BIGINT,
    concurrency BIGINT,
    is_enabled BOOLEAN NOT NULL
);
CREATE INDEX targets_by_route ON targets (route_id, position);
CREATE INDEX targets_by_provider ON targets (provider_id);

CREATE TABLE virtual_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash BLOB NOT NULL,
    is_active BOOLEAN NOT NULL,
    models TEXT,
    rpm BIGINT,
    tpm BIGINT,
    rpd BIGINT,
    concurrency BIGINT,
    expires_at BIGINT,
    last_used_at BIGINT,
    version BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX virtual_keys_by_name ON virtual_keys (name);
CREATE UNIQUE INDEX virtual_keys_by_hash ON virtual_keys (hash);

-- One row. Every write of configuration raises it first, which makes the writers queue.
CREATE TABLE revision (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO revision (id, value) VALUES (1, 0);

CREATE TABLE changes (
    revision BIGINT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    object_id BIGINT NOT NULL
);

CREATE TABLE keyring (
    key_id TEXT PRIMARY KEY NOT NULL,
    check_value TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
