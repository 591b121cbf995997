DROP TABLE usage_daily;
DROP TABLE ledger_entries;
DROP TABLE usage_events;
