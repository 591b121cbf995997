DROP INDEX virtual_keys_by_user;
ALTER TABLE virtual_keys DROP COLUMN previous_until;
ALTER TABLE virtual_keys DROP COLUMN previous_hash;
ALTER TABLE virtual_keys DROP COLUMN tags;
ALTER TABLE virtual_keys DROP COLUMN user_id;
