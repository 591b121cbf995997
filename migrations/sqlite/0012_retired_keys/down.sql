ALTER TABLE keyring DROP COLUMN retired_at;
