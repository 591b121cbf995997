-- When an encryption key was taken out of use: nothing is stored under it from then on.

ALTER TABLE keyring ADD COLUMN retired_at BIGINT;
