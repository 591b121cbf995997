-- A key's name is unique among the keys of its person, so that nobody learns from a name that is taken what others call theirs, or takes
-- it before them. The keys of nobody in particular are one person's.
DROP INDEX virtual_keys_by_name;
CREATE UNIQUE INDEX virtual_keys_by_name ON virtual_keys (name, COALESCE(user_id, 0));
