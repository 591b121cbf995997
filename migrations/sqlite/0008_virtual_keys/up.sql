-- Whose a key is, what it is called for, and the hash that it had before it was rotated, which is good until a time. `tags` is JSON.
ALTER TABLE virtual_keys ADD COLUMN user_id BIGINT;
ALTER TABLE virtual_keys ADD COLUMN tags TEXT;
ALTER TABLE virtual_keys ADD COLUMN previous_hash BLOB;
ALTER TABLE virtual_keys ADD COLUMN previous_until BIGINT;
CREATE INDEX virtual_keys_by_user ON virtual_keys (user_id);
