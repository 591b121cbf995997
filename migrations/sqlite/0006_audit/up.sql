-- The log of what people did: a chain of sealed entries, and its end. Nothing is ever changed or removed here.

CREATE TABLE audit_entries (
    sequence BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    details TEXT NOT NULL,
    key_id TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX audit_entries_by_object ON audit_entries (object, sequence);
CREATE INDEX audit_entries_by_actor ON audit_entries (actor, sequence);

-- One row. Whoever adds an entry raises it, last in the transaction, which makes the writers queue.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash BLOB NOT NULL,
    key_id TEXT NOT NULL,
    seal BLOB NOT NULL
);
INSERT INTO audit_head (id, sequence, hash, key_id, seal) VALUES (1, 0, x'', '', x'');
