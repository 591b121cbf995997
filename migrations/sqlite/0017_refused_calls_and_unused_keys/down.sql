DROP TABLE refused_calls;
ALTER TABLE usage_events DROP COLUMN address;
DROP INDEX virtual_keys_unused_of_nobody;
