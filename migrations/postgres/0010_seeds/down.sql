-- The tables count by their sequences again, which were not asked meanwhile: on from people's ids, of which none is given twice.
SELECT setval('providers_id_seq', GREATEST(value, 1), value > 0) FROM counters WHERE name = 'provider_ids';
SELECT setval('routes_id_seq', GREATEST(value, 1), value > 0) FROM counters WHERE name = 'route_ids';
DROP TABLE counters;
