-- Schema 5: what a person must decide, and what a reconciliation found.

-- What an entry does with its scope's money: book it, take it back, or book a difference.
ALTER TABLE postings ADD COLUMN kind TEXT NOT NULL DEFAULT 'entry';

-- A tie-out reads the postings of a period.
CREATE INDEX postings_by_date ON postings (flow_id, posting_date, posting_no);

CREATE TABLE cases (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    id           TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    report_id    TEXT,
    cause        TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    code         BIGINT NOT NULL,
    detail       TEXT   NOT NULL,
    proposals    TEXT   NOT NULL,
    decision     TEXT,
    record_no    TEXT,
    decided_by   TEXT,
    decided_ms   BIGINT,
    note         TEXT,
    consents     TEXT,
    outcome      TEXT,
    opened_ms    BIGINT NOT NULL,
    changed_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id),
    UNIQUE (customer_id, flow_id, kind, subject, cause),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

CREATE INDEX cases_by_state ON cases (customer_id, state, id);
CREATE INDEX cases_by_report ON cases (customer_id, flow_id, report_id);

CREATE TABLE reconciliations (
    customer_id   TEXT   NOT NULL REFERENCES customers (id),
    id            TEXT   NOT NULL,
    flow_id       TEXT   NOT NULL,
    from_date     TEXT   NOT NULL,
    to_date       TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    document      TEXT   NOT NULL,
    differences   BIGINT NOT NULL,
    began_ms      BIGINT NOT NULL,
    ended_ms      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

CREATE INDEX reconciliations_by_flow ON reconciliations (customer_id, flow_id, id);
