CREATE INDEX ledger_entries_by_user ON ledger_entries (user_id, at);
CREATE INDEX ledger_entries_by_provider ON ledger_entries (provider_id, at);
CREATE INDEX ledger_entries_by_time ON ledger_entries (at);
DROP INDEX usage_daily_by_user;
DROP INDEX usage_daily_by_key;
ALTER TABLE usage_daily RENAME TO daily_sums_before;
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

INSERT INTO usage_daily (day, key_id, provider_id, provider_name, model, route, outcome, simulated,
                         calls, attempts, input_tokens, output_tokens, cost, unpriced)
SELECT day, key_id, provider_id, provider_name, model, route, outcome, simulated,
       SUM(calls), SUM(attempts), SUM(input_tokens), SUM(output_tokens), SUM(cost), SUM(unpriced)
FROM daily_sums_before
GROUP BY day, key_id, provider_id, provider_name, model, route, outcome, simulated;
DROP TABLE daily_sums_before;
