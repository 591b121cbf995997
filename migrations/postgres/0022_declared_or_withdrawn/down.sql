ALTER TABLE routes DROP COLUMN is_withdrawn;
ALTER TABLE providers DROP COLUMN given_keys;
ALTER TABLE providers DROP COLUMN is_withdrawn;
