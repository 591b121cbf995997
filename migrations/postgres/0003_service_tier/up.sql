-- The service tier that a provider says it served, in its word: it decides the price.
ALTER TABLE usage_events ADD COLUMN service_tier TEXT;
