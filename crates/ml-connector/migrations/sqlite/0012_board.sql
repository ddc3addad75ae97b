-- Schema 12 for SQLite: figures that a page shows, counted when something changed, so that no page adds up what is
-- stored; and when an entry got into the ledger, and who put a secret.

ALTER TABLE postings ADD COLUMN posted_ms BIGINT;
UPDATE postings SET posted_ms = changed_ms WHERE state = 'posted';
CREATE INDEX postings_by_arrival ON postings (flow_id, posted_ms, currency, amount_minor) WHERE posted_ms IS NOT NULL;

ALTER TABLE secrets ADD COLUMN author TEXT;

-- What a flow's pages open with, as of its last pass that did something.
CREATE TABLE boards (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    counted_ms   BIGINT NOT NULL,
    document     TEXT   NOT NULL,
    PRIMARY KEY (customer_id, flow_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

ALTER TABLE flow_figures ADD COLUMN held_money TEXT NOT NULL DEFAULT '{}';
ALTER TABLE flow_figures ADD COLUMN waits_ms BIGINT;
ALTER TABLE flow_figures ADD COLUMN failing_code BIGINT;
ALTER TABLE flow_figures ADD COLUMN failing_ms BIGINT;

CREATE INDEX flow_figures_by_customer ON flow_figures (customer_id);
CREATE INDEX flow_times_by_customer ON flow_times (customer_id);

-- The same for each customer, in the order in which they need somebody: the lowest rank first. Read across customers,
-- so counts, sums and times only.
CREATE TABLE customer_figures (
    customer_id        TEXT   NOT NULL PRIMARY KEY REFERENCES customers (id),
    rank               BIGINT NOT NULL,
    held               BIGINT NOT NULL,
    ready              BIGINT NOT NULL,
    unknown            BIGINT NOT NULL,
    refused            BIGINT NOT NULL,
    drift              BIGINT NOT NULL,
    gated              BIGINT NOT NULL,
    held_money         TEXT   NOT NULL,
    oldest_held_ms     BIGINT,
    oldest_unknown_ms  BIGINT,
    oldest_gated_ms    BIGINT,
    failing            BIGINT NOT NULL,
    failing_code       BIGINT,
    failing_ms         BIGINT,
    secret_ms          BIGINT,
    counted_ms         BIGINT
) WITHOUT ROWID;

CREATE INDEX customer_figures_by_rank ON customer_figures (rank, customer_id);

INSERT INTO customer_figures (customer_id, rank, held, ready, unknown, refused, drift, gated, held_money, failing)
SELECT id, 900000000000000, 0, 0, 0, 0, 0, 0, '{}', 0 FROM customers WHERE name <> 'installation';

-- When somebody last asked for a flow to be looked at: a pass that began before that does not answer it.
ALTER TABLE flow_times ADD COLUMN awaited_ms BIGINT NOT NULL DEFAULT 0;

-- Messages that have not reached anybody.
CREATE INDEX messages_unsent ON messages (customer_id, id) WHERE sent_ms IS NULL;
