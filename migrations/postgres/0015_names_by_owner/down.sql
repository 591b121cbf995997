-- Of several keys of one name, the first keeps it.
UPDATE virtual_keys SET name = name || '#' || id
    WHERE id > (SELECT MIN(first.id) FROM virtual_keys AS first WHERE first.name = virtual_keys.name);
DROP INDEX virtual_keys_by_name;
CREATE UNIQUE INDEX virtual_keys_by_name ON virtual_keys (name);
