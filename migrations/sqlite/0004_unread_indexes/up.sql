-- Nothing reads by these, and each costs every event its upkeep. Requests are found by their id, days by their time.

DROP INDEX usage_events_by_call;
DROP INDEX usage_events_by_key;
DROP INDEX ledger_entries_by_key;
