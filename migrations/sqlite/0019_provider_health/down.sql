ALTER TABLE provider_models DROP COLUMN capabilities;
DROP TABLE provider_health;
