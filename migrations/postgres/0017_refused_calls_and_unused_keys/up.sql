-- Keys of nobody's that were never used are counted where everybody may make keys.
CREATE INDEX virtual_keys_unused_of_nobody ON virtual_keys (made_by) WHERE user_id IS NULL AND last_used_at IS NULL;
-- The address at which a call came. Older calls' dialects tell theirs as far as anything does.
ALTER TABLE usage_events ADD COLUMN address TEXT;
-- Calls that were refused before anything was sent: no attempt, no ledger entry. The newest are kept.
CREATE TABLE refused_calls (
    id BYTEA PRIMARY KEY,
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    key_id BIGINT,
    user_id BIGINT,
    address TEXT,
    dialect TEXT NOT NULL,
    model TEXT NOT NULL,
    reason TEXT NOT NULL,
    duration_ms BIGINT NOT NULL
);
CREATE INDEX refused_calls_by_time ON refused_calls (at, id);
