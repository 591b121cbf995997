ALTER TABLE usage_events DROP COLUMN service_tier;
