-- A person's calls, the newest first. Calls of nobody in particular cost it no upkeep.
CREATE INDEX usage_events_by_user ON usage_events (user_id, at) WHERE user_id IS NOT NULL;
