-- What is counted: the ids of providers and routes, of people's from 1 and of those that come with the product from 1,000,000; and the
-- edition of the latter that the database has. An id that was given is never given again.

CREATE TABLE counters (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES
    ('provider_ids', COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'providers'), 0)),
    ('seeded_provider_ids', 999999),
    ('route_ids', COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'routes'), 0)),
    ('seeded_route_ids', 999999),
    ('seeds', 0);
