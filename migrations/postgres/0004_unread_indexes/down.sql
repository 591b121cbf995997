CREATE INDEX usage_events_by_call ON usage_events (call_id);
CREATE INDEX usage_events_by_key ON usage_events (key_id, at);
CREATE INDEX ledger_entries_by_key ON ledger_entries (key_id, at);
