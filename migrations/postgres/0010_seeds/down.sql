-- The tables count by their sequences again, which were not asked meanwhile.
SELECT setval('providers_id_seq', GREATEST((SELECT MAX(id) FROM providers), 1));
SELECT setval('routes_id_seq', GREATEST((SELECT MAX(id) FROM routes), 1));
DROP TABLE counters;
