-- Limits and budgets of scopes: global, user:<id>, provider:<id>, key:<id>. And who pays stands in the books, indexed as budgets sum
-- them.
CREATE TABLE quotas (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    scope TEXT NOT NULL,
    rpm BIGINT,
    tpm BIGINT,
    rpd BIGINT,
    concurrency BIGINT,
    budget_amount BIGINT,
    budget_window TEXT,
    budget_zone TEXT,
    version BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX quotas_by_scope ON quotas (scope);

ALTER TABLE usage_events ADD COLUMN user_id BIGINT;
ALTER TABLE ledger_entries ADD COLUMN user_id BIGINT;
CREATE INDEX ledger_entries_by_user ON ledger_entries (user_id, at);
CREATE INDEX ledger_entries_by_provider ON ledger_entries (provider_id, at);
CREATE INDEX ledger_entries_by_time ON ledger_entries (at);
