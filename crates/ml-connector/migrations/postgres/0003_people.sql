-- Schema 3 for PostgreSQL 15: who may do what. Sessions, tokens and links are known by the SHA-256 of their text alone.

CREATE TABLE users (
    id             TEXT   NOT NULL PRIMARY KEY,
    email          TEXT   NOT NULL UNIQUE,
    name           TEXT   NOT NULL,
    administrator  BIGINT NOT NULL,
    home           TEXT,
    password       TEXT,
    disabled_ms    BIGINT,
    created_ms     BIGINT NOT NULL,
    changed_ms     BIGINT NOT NULL
);

-- Read across customers at each sign-in and request: it holds ids, roles and times only.
CREATE TABLE grants (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    user_id      TEXT   NOT NULL REFERENCES users (id),
    role         TEXT   NOT NULL,
    granted_by   TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, user_id, role)
);

CREATE INDEX grants_by_user ON grants (user_id, customer_id);

CREATE TABLE sessions (
    sha256      TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   NOT NULL REFERENCES users (id),
    created_ms  BIGINT NOT NULL,
    seen_ms     BIGINT NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_age ON sessions (seen_ms);

CREATE TABLE tokens (
    id          TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   NOT NULL REFERENCES users (id),
    name        TEXT   NOT NULL,
    prefix      TEXT   NOT NULL,
    sha256      TEXT   NOT NULL UNIQUE,
    customers   TEXT   NOT NULL,
    rights      TEXT   NOT NULL,
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT,
    used_ms     BIGINT,
    revoked_ms  BIGINT
);

CREATE INDEX tokens_by_user ON tokens (user_id, id);

-- Ways in that work once. One without a user makes the first administrator.
CREATE TABLE links (
    sha256      TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   REFERENCES users (id),
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL
);

CREATE INDEX links_by_user ON links (user_id);

-- Attempts to sign in, by account and by address; both stand here as hashes.
CREATE TABLE throttles (
    subject   TEXT   NOT NULL PRIMARY KEY,
    failures  BIGINT NOT NULL,
    last_ms   BIGINT NOT NULL,
    until_ms  BIGINT NOT NULL
);

CREATE INDEX throttles_by_age ON throttles (last_ms);

-- Requests that a caller may repeat, with their replies. A reply is sealed with the caller's own credential.
CREATE TABLE idempotency (
    caller          TEXT   NOT NULL,
    key_sha256      TEXT   NOT NULL,
    request_sha256  TEXT   NOT NULL,
    reply           BYTEA,
    started_ms      BIGINT NOT NULL,
    PRIMARY KEY (caller, key_sha256)
);

CREATE INDEX idempotency_by_age ON idempotency (started_ms);
