-- What is counted: the ids of providers and routes, of people's from 1 and of those that come with the product from 1,000,000; and the
-- edition of the latter that the database has. An id that was given is never given again: where this was taken back and comes again,
-- what is there of both tells where they had been, and usage tells of providers that are gone.

CREATE TABLE counters (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES
    ('provider_ids', GREATEST(
        0,
        (SELECT last_value FROM providers_id_seq WHERE is_called AND last_value < 1000000),
        (SELECT MAX(id) FROM providers WHERE id < 1000000),
        (SELECT MAX(provider_id) FROM usage_daily WHERE provider_id < 1000000)
    )),
    ('seeded_provider_ids', GREATEST(
        999999,
        (SELECT MAX(id) FROM providers),
        (SELECT MAX(provider_id) FROM usage_daily)
    )),
    ('route_ids', GREATEST(
        0,
        (SELECT last_value FROM routes_id_seq WHERE is_called AND last_value < 1000000),
        (SELECT MAX(id) FROM routes WHERE id < 1000000)
    )),
    ('seeded_route_ids', GREATEST(999999, (SELECT MAX(id) FROM routes))),
    ('seeds', (SELECT COUNT(*) FROM (SELECT 1 FROM providers WHERE owner = 'seed' LIMIT 1) AS seeded));
