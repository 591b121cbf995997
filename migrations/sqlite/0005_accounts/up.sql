-- People and their sessions. Its counterpart is ../../postgres/0005_accounts; the two are kept alike by a test.

-- `name_key` is what people sign in by, `look_key` what all names that look alike share.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    username TEXT NOT NULL,
    name_key TEXT NOT NULL,
    look_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    rpm BIGINT,
    tpm BIGINT,
    rpd BIGINT,
    concurrency BIGINT,
    last_login_at BIGINT,
    version BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);
CREATE UNIQUE INDEX users_by_name ON users (name_key);
CREATE UNIQUE INDEX users_by_look ON users (look_key);
CREATE UNIQUE INDEX users_by_email ON users (email_key);

-- `refresh_id` is the id of the one refresh token that may be used next.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_id BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    address TEXT,
    client TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

-- `user_id` is absent in links that make the first administrator.
CREATE TABLE one_time_links (
    hash BLOB PRIMARY KEY NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
