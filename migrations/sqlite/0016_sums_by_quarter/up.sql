-- What each scope spent in each quarter of an hour: days of every zone begin and end with one, so that what a window of a calendar has of
-- a day is the sum of at most 96 lines, however many calls there were. `scope` is a quota's word, `quarter` its first millisecond. Where
-- nothing was spent there is no line.
CREATE TABLE usage_quarters (
    scope TEXT NOT NULL,
    quarter BIGINT NOT NULL,
    cost BIGINT NOT NULL,
    PRIMARY KEY (scope, quarter)
);
CREATE INDEX usage_quarters_by_time ON usage_quarters (quarter);

-- An absurd price must not overflow the sum, which would keep this version from starting.
INSERT INTO usage_quarters (scope, quarter, cost)
SELECT 'global', at - (at % 900000 + 900000) % 900000, SUM(MIN(cost, 1000000000000000))
FROM usage_events
WHERE usage_source <> 'none' AND cost > 0
GROUP BY at - (at % 900000 + 900000) % 900000;
INSERT INTO usage_quarters (scope, quarter, cost)
SELECT 'provider:' || provider_id, at - (at % 900000 + 900000) % 900000, SUM(MIN(cost, 1000000000000000))
FROM usage_events
WHERE usage_source <> 'none' AND cost > 0
GROUP BY 'provider:' || provider_id, at - (at % 900000 + 900000) % 900000;
INSERT INTO usage_quarters (scope, quarter, cost)
SELECT 'user:' || user_id, at - (at % 900000 + 900000) % 900000, SUM(MIN(cost, 1000000000000000))
FROM usage_events
WHERE usage_source <> 'none' AND cost > 0 AND user_id IS NOT NULL
GROUP BY 'user:' || user_id, at - (at % 900000 + 900000) % 900000;
INSERT INTO usage_quarters (scope, quarter, cost)
SELECT 'key:' || key_id, at - (at % 900000 + 900000) % 900000, SUM(MIN(cost, 1000000000000000))
FROM usage_events
WHERE usage_source <> 'none' AND cost > 0 AND key_id IS NOT NULL
GROUP BY 'key:' || key_id, at - (at % 900000 + 900000) % 900000;
