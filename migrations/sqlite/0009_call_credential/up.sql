-- Whose credential a call used: the key's, the user's, or the shared one.
ALTER TABLE usage_events ADD COLUMN credential TEXT;
