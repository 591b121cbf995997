ALTER TABLE virtual_keys DROP COLUMN made_by;
ALTER TABLE virtual_keys DROP COLUMN barred;
ALTER TABLE virtual_keys DROP COLUMN lent;
