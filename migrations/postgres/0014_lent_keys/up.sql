-- Who made a key, whether an administrator said what it may (then whoever holds it can only say less), and whether an administrator
-- switched it off. Of older keys, those that somebody else than their owner wrote last count as lent.
ALTER TABLE virtual_keys ADD COLUMN lent BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE virtual_keys ADD COLUMN barred BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE virtual_keys ADD COLUMN made_by TEXT;
UPDATE virtual_keys SET lent = TRUE
    WHERE updated_by <> COALESCE((SELECT username FROM users WHERE users.id = virtual_keys.user_id), '');
UPDATE virtual_keys SET barred = TRUE WHERE lent AND NOT is_active;
UPDATE virtual_keys SET made_by = updated_by WHERE version = 1;
