DROP TABLE target_days;
ALTER TABLE usage_events DROP COLUMN target_id;
