-- Schema 2 for SQLite: what the service remembers of its own work.

-- When a flow did what, when it is due next, and which worker has it now. Workers read it across customers: it holds
-- ids and times, and nothing of a customer's.
CREATE TABLE flow_times (
    flow_id        TEXT   NOT NULL PRIMARY KEY,
    customer_id    TEXT   NOT NULL,
    next_ms        BIGINT NOT NULL,
    polled_ms      BIGINT,
    refreshed_ms   BIGINT,
    swept_ms       BIGINT,
    reconciled_ms  BIGINT,
    recovered_ms   BIGINT,
    paused_ms      BIGINT,
    failures       BIGINT NOT NULL,
    owner          TEXT   NOT NULL,
    fence          BIGINT NOT NULL,
    until_ms       BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX flow_times_due ON flow_times (next_ms);

INSERT INTO flow_times (flow_id, customer_id, next_ms, failures, owner, fence, until_ms)
SELECT id, customer_id, 0, 0, '', 0, 0 FROM flows;

-- What a person asked a flow's worker to do, and what came of it.
CREATE TABLE wanted (
    customer_id  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    asked_by     TEXT   NOT NULL,
    asked_ms     BIGINT NOT NULL,
    began_ms     BIGINT,
    ended_ms     BIGINT,
    failed       BIGINT NOT NULL,
    outcome      TEXT,
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

CREATE INDEX wanted_of_flow ON wanted (flow_id, ended_ms, id);

-- Passes over a flow that did something, or failed.
CREATE TABLE passes (
    customer_id  TEXT   NOT NULL,
    run_id       TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    began_ms     BIGINT NOT NULL,
    ended_ms     BIGINT NOT NULL,
    summary      TEXT   NOT NULL,
    PRIMARY KEY (customer_id, run_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

CREATE INDEX passes_of_flow ON passes (flow_id, run_id);
