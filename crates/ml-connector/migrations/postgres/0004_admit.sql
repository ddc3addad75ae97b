-- Schema 4 for PostgreSQL: what must hold before the first byte of a posting leaves.

-- Who wrote a version of a flow's document: that person may not approve what it makes.
ALTER TABLE flow_versions ADD COLUMN author TEXT;

-- What people decided about one payload: approve, reject, release. Bound to the payload's hash, and only ever added.
CREATE TABLE approvals (
    customer_id     TEXT   NOT NULL,
    approval_no     BIGINT NOT NULL,
    flow_id         TEXT   NOT NULL,
    report_id       TEXT   NOT NULL,
    company         TEXT   NOT NULL,
    reference       TEXT   NOT NULL,
    payload_sha256  TEXT   NOT NULL,
    decision        TEXT   NOT NULL,
    actor           TEXT   NOT NULL,
    note            TEXT   NOT NULL,
    at_ms           BIGINT NOT NULL,
    PRIMARY KEY (customer_id, approval_no),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

CREATE INDEX approvals_of_reference ON approvals (reference, customer_id);

-- Which gate a report waits at. Written when that changes; a row counts only while its report is ready.
CREATE TABLE gates (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    report_id    TEXT   NOT NULL,
    gate         BIGINT NOT NULL,
    detail       TEXT   NOT NULL,
    entries      BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    total_minor  BIGINT NOT NULL,
    since_ms     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, report_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- The search of a destination's ledger for what was booked before a flow took over.
CREATE TABLE hand_overs (
    customer_id   TEXT   NOT NULL,
    flow_id       TEXT   NOT NULL,
    company       TEXT   NOT NULL,
    journals      TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    checked_ms    BIGINT NOT NULL,
    result        TEXT   NOT NULL,
    confirmed_by  TEXT,
    note          TEXT,
    confirmed_ms  BIGINT,
    PRIMARY KEY (customer_id, flow_id, company, journals),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- Entries that look like a report that is about to be posted, and what a person says they are.
CREATE TABLE look_alikes (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    report_id    TEXT   NOT NULL,
    company      TEXT   NOT NULL,
    record_no    TEXT   NOT NULL,
    score        BIGINT NOT NULL,
    evidence     TEXT   NOT NULL,
    entry        TEXT   NOT NULL,
    found_ms     BIGINT NOT NULL,
    answer       TEXT,
    answered_by  TEXT,
    note         TEXT,
    answered_ms  BIGINT,
    PRIMARY KEY (customer_id, flow_id, report_id, company, record_no),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- Reports that a person has taken out of our hands: booked elsewhere, and never to be posted by us.
CREATE TABLE handled_reports (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    report_id    TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    actor        TEXT   NOT NULL,
    at_ms        BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, report_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- How far what a flow would post agrees with what was booked.
CREATE TABLE agreements (
    customer_id   TEXT   NOT NULL,
    agreement_no  BIGINT NOT NULL,
    flow_id       TEXT   NOT NULL,
    taken_ms      BIGINT NOT NULL,
    result        TEXT   NOT NULL,
    PRIMARY KEY (customer_id, agreement_no),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- What went out today is counted by when it was sent.
CREATE INDEX attempts_by_start ON attempts (customer_id, started_ms);

CREATE TRIGGER approvals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
