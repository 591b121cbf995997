-- What routes and their targets say of their calls besides order and limits, and the versions that a route had. A target of one model has
-- it in `model`; `models` lists those of one that has several, and is an empty list for one that has all of its provider's.
ALTER TABLE routes ADD COLUMN timeouts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE routes ADD COLUMN on_disconnect TEXT NOT NULL DEFAULT 'cancel';
ALTER TABLE routes ADD COLUMN fallback_id BIGINT;
ALTER TABLE routes ADD COLUMN config TEXT NOT NULL DEFAULT '{}';
CREATE INDEX routes_by_fallback ON routes (fallback_id);
ALTER TABLE targets ADD COLUMN models TEXT;
ALTER TABLE targets ADD COLUMN strategy TEXT;
ALTER TABLE targets ADD COLUMN conditions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE targets ADD COLUMN timeouts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE targets ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
CREATE TABLE route_versions (
    route_id BIGINT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    written_by TEXT NOT NULL,
    PRIMARY KEY (route_id, version)
);
