DROP INDEX ledger_entries_by_time;
DROP INDEX ledger_entries_by_provider;
DROP INDEX ledger_entries_by_user;
ALTER TABLE ledger_entries DROP COLUMN user_id;
ALTER TABLE usage_events DROP COLUMN user_id;
DROP TABLE quotas;
