DROP INDEX usage_events_by_user;
