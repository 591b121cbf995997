-- What is counted: the ids of providers and routes, of people's from 1 and of those that come with the product from 1,000,000; and the
-- edition of the latter that the database has. An id that was given is never given again.

CREATE TABLE counters (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES
    ('provider_ids', (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM providers_id_seq)),
    ('seeded_provider_ids', 999999),
    ('route_ids', (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM routes_id_seq)),
    ('seeded_route_ids', 999999),
    ('seeds', 0);
