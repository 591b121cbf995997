-- Keys of nobody's that were never used are counted where everybody may make keys.
CREATE INDEX virtual_keys_unused_of_nobody ON virtual_keys (made_by) WHERE user_id IS NULL AND last_used_at IS NULL;
