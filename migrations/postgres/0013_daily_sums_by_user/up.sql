-- What was spent in a window is the sum of its whole days: the daily sums tell it for every scope, also for a person, and the ledger
-- needs no indexes of its own, whose upkeep cost every entry more than the entry. `user_id` 0 is "nobody in particular".
ALTER TABLE usage_daily ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_daily ALTER COLUMN user_id DROP DEFAULT;
ALTER TABLE usage_daily DROP CONSTRAINT usage_daily_pkey;
ALTER TABLE usage_daily ADD PRIMARY KEY (day, key_id, user_id, provider_id, provider_name, model, route, outcome, simulated);

-- Days on which somebody had a name are summed anew.
DELETE FROM usage_daily
WHERE day IN (SELECT DISTINCT (at / 86400000)::INTEGER FROM usage_events WHERE user_id IS NOT NULL);
INSERT INTO usage_daily (day, key_id, provider_id, provider_name, model, route, outcome, simulated,
                         calls, attempts, input_tokens, output_tokens, cost, unpriced, user_id)
SELECT (at / 86400000)::INTEGER, COALESCE(key_id, 0), provider_id, provider_name, model, COALESCE(route, ''), outcome, simulated,
       SUM(CASE WHEN is_final THEN 1 ELSE 0 END)::BIGINT, COUNT(*), SUM(input_tokens)::BIGINT, SUM(output_tokens)::BIGINT,
       SUM(CASE WHEN usage_source = 'none' THEN 0 ELSE COALESCE(cost, 0) END)::BIGINT,
       SUM(CASE WHEN usage_source <> 'none' AND cost IS NULL THEN 1 ELSE 0 END)::BIGINT,
       COALESCE(user_id, 0)
FROM usage_events
WHERE (at / 86400000)::INTEGER IN (SELECT DISTINCT (at / 86400000)::INTEGER FROM usage_events WHERE user_id IS NOT NULL)
GROUP BY (at / 86400000)::INTEGER, COALESCE(key_id, 0), provider_id, provider_name, model, COALESCE(route, ''), outcome, simulated,
         COALESCE(user_id, 0);

CREATE INDEX usage_daily_by_key ON usage_daily (key_id, day);
CREATE INDEX usage_daily_by_user ON usage_daily (user_id, day);
DROP INDEX ledger_entries_by_time;
DROP INDEX ledger_entries_by_provider;
DROP INDEX ledger_entries_by_user;
