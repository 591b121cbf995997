-- Whether the configuration file, which owns a row, declares it no more, and which of a provider's shared keys it gives: all of them, the
-- first, or none. What was switched off until now is taken for what the file no longer declares, as it was before; the next time that the
-- file is read tells them apart.
ALTER TABLE providers ADD COLUMN is_withdrawn BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE providers ADD COLUMN given_keys TEXT NOT NULL DEFAULT 'none';
ALTER TABLE routes ADD COLUMN is_withdrawn BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE providers SET is_withdrawn = TRUE WHERE owner = 'file' AND NOT is_enabled;
UPDATE routes SET is_withdrawn = TRUE WHERE owner = 'file' AND NOT is_active;
UPDATE providers SET given_keys = 'first' WHERE owner = 'file'
    AND (SELECT COUNT(*) FROM credentials WHERE credentials.provider_id = providers.id AND credentials.source = 'file') = 1;
UPDATE providers SET given_keys = 'all' WHERE owner = 'file'
    AND (SELECT COUNT(*) FROM credentials WHERE credentials.provider_id = providers.id AND credentials.source = 'file') > 1;
