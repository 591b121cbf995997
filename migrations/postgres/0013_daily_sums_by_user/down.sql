CREATE INDEX ledger_entries_by_user ON ledger_entries (user_id, at);
CREATE INDEX ledger_entries_by_provider ON ledger_entries (provider_id, at);
CREATE INDEX ledger_entries_by_time ON ledger_entries (at);
DROP INDEX usage_daily_by_user;
DROP INDEX usage_daily_by_key;
CREATE TABLE daily_sums_before AS
SELECT day, key_id, provider_id, provider_name, model, route, outcome, simulated,
       SUM(calls)::BIGINT AS calls, SUM(attempts)::BIGINT AS attempts, SUM(input_tokens)::BIGINT AS input_tokens,
       SUM(output_tokens)::BIGINT AS output_tokens, SUM(cost)::BIGINT AS cost, SUM(unpriced)::BIGINT AS unpriced
FROM usage_daily
GROUP BY day, key_id, provider_id, provider_name, model, route, outcome, simulated;
DELETE FROM usage_daily;
ALTER TABLE usage_daily DROP CONSTRAINT usage_daily_pkey;
ALTER TABLE usage_daily DROP COLUMN user_id;
ALTER TABLE usage_daily ADD PRIMARY KEY (day, key_id, provider_id, provider_name, model, route, outcome, simulated);
INSERT INTO usage_daily (day, key_id, provider_id, provider_name, model, route, outcome, simulated,
                         calls, attempts, input_tokens, output_tokens, cost, unpriced)
SELECT day, key_id, provider_id, provider_name, model, route, outcome, simulated,
       calls, attempts, input_tokens, output_tokens, cost, unpriced
FROM daily_sums_before;
DROP TABLE daily_sums_before;
