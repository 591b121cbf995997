-- The tables count by their sequences again: people's ids, of which none is given twice, as far as rows above them let.
UPDATE sqlite_sequence SET seq = (SELECT value FROM counters WHERE counters.name = 'provider_ids') WHERE name = 'providers';
UPDATE sqlite_sequence SET seq = (SELECT value FROM counters WHERE counters.name = 'route_ids') WHERE name = 'routes';
DROP TABLE counters;
