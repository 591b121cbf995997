-- Through which target of a route an attempt went: what a target's limit of a day is counted by.
ALTER TABLE usage_events ADD COLUMN target_id BIGINT;
-- The requests of each UTC day that count for a target's limit, so that a start need not look at the events of the day. What was recorded
-- before is of no known target.
CREATE TABLE target_days (
    day INTEGER NOT NULL,
    target_id BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (day, target_id)
);
