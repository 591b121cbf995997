-- Usage: what happened, what it cost to whom, and the daily sums. No foreign keys into the configuration: history outlives it.

CREATE TABLE usage_events (
    id BLOB PRIMARY KEY NOT NULL,
    call_id BLOB NOT NULL,
    attempt BIGINT NOT NULL,
    is_final BOOLEAN NOT NULL,
    request_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    key_id BIGINT,
    dialect TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    route TEXT,
    provider_id BIGINT NOT NULL,
    provider_name TEXT NOT NULL,
    model TEXT NOT NULL,
    stream BOOLEAN NOT NULL,
    simulated BOOLEAN NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    fault TEXT,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    token_details TEXT,
    usage_source TEXT NOT NULL,
    cost BIGINT,
    price_version TEXT,
    dropped TEXT,
    first_content_ms BIGINT,
    duration_ms BIGINT NOT NULL
);
CREATE INDEX usage_events_by_request ON usage_events (request_id);
CREATE INDEX usage_events_by_call ON usage_events (call_id);
CREATE INDEX usage_events_by_key ON usage_events (key_id, at);
CREATE INDEX usage_events_by_time ON usage_events (at);

CREATE TABLE ledger_entries (
    id BLOB PRIMARY KEY NOT NULL,
    call_id BLOB NOT NULL,
    at BIGINT NOT NULL,
    key_id BIGINT,
    provider_id BIGINT NOT NULL,
    model TEXT NOT NULL,
    amount BIGINT,
    price_version TEXT,
    usage_source TEXT NOT NULL,
    lines TEXT NOT NULL
);
CREATE INDEX ledger_entries_by_key ON ledger_entries (key_id, at);

-- `key_id` 0 is "no key", `route` '' is "no route": a primary key holds no nulls.
CREATE TABLE usage_daily (
    day INTEGER NOT NULL,
    key_id BIGINT NOT NULL,
    provider_id BIGINT NOT NULL,
    provider_name TEXT NOT NULL,
    model TEXT NOT NULL,
    route TEXT NOT NULL,
    outcome TEXT NOT NULL,
    simulated BOOLEAN NOT NULL,
    calls BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    PRIMARY KEY (day, key_id, provider_id, provider_name, model, route, outcome, simulated)
);
