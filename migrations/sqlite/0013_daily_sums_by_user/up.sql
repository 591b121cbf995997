-- What was spent in a window is the sum of its whole days: the daily sums tell it for every scope, also for a person, and the ledger
-- needs no indexes of its own, whose upkeep cost every entry more than the entry. `user_id` 0 is "nobody in particular".
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
    user_id BIGINT NOT NULL,
    PRIMARY KEY (day, key_id, user_id, provider_id, provider_name, model, route, outcome, simulated)
);

INSERT INTO usage_daily (day, key_id, provider_id, provider_name, model, route, outcome, simulated,
                         calls, attempts, input_tokens, output_tokens, cost, unpriced, user_id)
SELECT day, key_id, provider_id, provider_name, model, route, outcome, simulated,
       calls, attempts, input_tokens, output_tokens, cost, unpriced, 0
FROM daily_sums_before
WHERE day NOT IN (SELECT DISTINCT at / 86400000 FROM usage_events WHERE user_id IS NOT NULL);
DROP TABLE daily_sums_before;

-- Days on which somebody had a name are summed anew.
INSERT INTO usage_daily (day, key_id, provider_id, provider_name, model, route, outcome, simulated,
                         calls, attempts, input_tokens, output_tokens, cost, unpriced, user_id)
SELECT at / 86400000, COALESCE(key_id, 0), provider_id, provider_name, model, COALESCE(route, ''), outcome, simulated,
       SUM(CASE WHEN is_final THEN 1 ELSE 0 END), COUNT(*), SUM(input_tokens), SUM(output_tokens),
       SUM(CASE WHEN usage_source = 'none' THEN 0 ELSE COALESCE(cost, 0) END),
       SUM(CASE WHEN usage_source <> 'none' AND cost IS NULL THEN 1 ELSE 0 END),
       COALESCE(user_id, 0)
FROM usage_events
WHERE at / 86400000 IN (SELECT DISTINCT at / 86400000 FROM usage_events WHERE user_id IS NOT NULL)
GROUP BY at / 86400000, COALESCE(key_id, 0), provider_id, provider_name, model, COALESCE(route, ''), outcome, simulated,
         COALESCE(user_id, 0);

CREATE INDEX usage_daily_by_key ON usage_daily (key_id, day);
CREATE INDEX usage_daily_by_user ON usage_daily (user_id, day);
DROP INDEX ledger_entries_by_time;
DROP INDEX ledger_entries_by_provider;
DROP INDEX ledger_entries_by_user;
