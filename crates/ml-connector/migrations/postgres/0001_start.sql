-- Schema 1 for PostgreSQL 15. The SQLite form of the same tables stands in ../sqlite; statements are shared, so every
-- table and column has the same name in both.

CREATE TABLE schema_versions (
    version     BIGINT NOT NULL PRIMARY KEY,
    applied_ms  BIGINT NOT NULL
);

CREATE TABLE installation (
    id              TEXT   NOT NULL PRIMARY KEY,
    incarnation     TEXT   NOT NULL,
    commits         BIGINT NOT NULL,
    committed_ms    BIGINT NOT NULL,
    restored_ms     BIGINT,
    restored_to_ms  BIGINT,
    created_ms      BIGINT NOT NULL
);

CREATE TABLE customers (
    id           TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL UNIQUE,
    wrapped_key  BYTEA,
    created_ms   BIGINT NOT NULL
);

CREATE TABLE secrets (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    name         TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    sealed       BYTEA  NOT NULL,
    fingerprint  TEXT   NOT NULL,
    changed_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, name, version)
);

CREATE TABLE flows (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    changed_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, id),
    UNIQUE (customer_id, name)
);

CREATE TABLE flow_versions (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    document     TEXT   NOT NULL,
    sha256       TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, version),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

CREATE TABLE cursors (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    position     TEXT   NOT NULL,
    moved_ms     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, name),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

CREATE TABLE charts (
    customer_id     TEXT   NOT NULL REFERENCES customers (id),
    connection      TEXT   NOT NULL,
    sha256          TEXT   NOT NULL,
    document        TEXT   NOT NULL,
    first_taken_ms  BIGINT NOT NULL,
    taken_ms        BIGINT NOT NULL,
    PRIMARY KEY (customer_id, connection, sha256)
);

-- Numbers are given in the order of arrival, so that rows that are written together lie together; ids from outside
-- come in no order and are looked up by one index.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    last  BIGINT NOT NULL
);

-- Here blocks of numbers come from a sequence, so that no row is one for everybody to queue at.
CREATE SEQUENCE row_numbers INCREMENT BY 50;

CREATE TABLE reports (
    report_no        BIGINT  NOT NULL PRIMARY KEY,
    customer_id      TEXT   NOT NULL,
    flow_id          TEXT   NOT NULL,
    report_id        TEXT   NOT NULL,
    number           TEXT,
    name             TEXT   NOT NULL,
    employee         TEXT   NOT NULL,
    policy_id        TEXT   NOT NULL,
    source_state     TEXT   NOT NULL,
    currency         TEXT,
    total_minor      BIGINT,
    content_hash     TEXT   NOT NULL,
    state            TEXT   NOT NULL,
    problems         TEXT,
    skipped          TEXT,
    amount_minor     BIGINT,
    skipped_minor    BIGINT,
    mapping_version  BIGINT,
    generation       BIGINT NOT NULL,
    approved_on      TEXT,
    run_id           TEXT   NOT NULL,
    first_seen_ms    BIGINT NOT NULL,
    seen_ms          BIGINT NOT NULL,
    changed_ms       BIGINT NOT NULL,
    UNIQUE (report_id, flow_id, customer_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- The state comes first, so that no planner takes this index where only the flow is given.
CREATE INDEX reports_by_state ON reports (state, flow_id, report_no);

CREATE TABLE report_versions (
    report_no     BIGINT NOT NULL REFERENCES reports (report_no),
    customer_id   TEXT   NOT NULL,
    content_hash  TEXT   NOT NULL,
    raw           BYTEA  NOT NULL,
    seen_ms       BIGINT NOT NULL,
    PRIMARY KEY (report_no, content_hash)
);

CREATE TABLE postings (
    posting_no       BIGINT  NOT NULL PRIMARY KEY,
    report_no        BIGINT NOT NULL REFERENCES reports (report_no),
    customer_id      TEXT   NOT NULL,
    company          TEXT   NOT NULL,
    reference        TEXT   NOT NULL,
    flow_id          TEXT   NOT NULL,
    report_id        TEXT   NOT NULL,
    scope            TEXT   NOT NULL,
    generation       BIGINT NOT NULL,
    part             BIGINT NOT NULL,
    entries          BIGINT NOT NULL,
    content_hash     TEXT   NOT NULL,
    mapping_version  BIGINT NOT NULL,
    chart_sha256     TEXT   NOT NULL,
    posting_date     TEXT   NOT NULL,
    original_date    TEXT,
    journal          TEXT   NOT NULL,
    currency         TEXT   NOT NULL,
    total_minor      BIGINT NOT NULL,
    amount_minor     BIGINT NOT NULL,
    line_count       BIGINT NOT NULL,
    payload_sha256   TEXT   NOT NULL,
    state            TEXT   NOT NULL,
    machine          TEXT   NOT NULL,
    problem          TEXT,
    record_no        TEXT,
    frozen_ms        BIGINT NOT NULL,
    changed_ms       BIGINT NOT NULL,
    fence            BIGINT NOT NULL,
    UNIQUE (reference, company, customer_id)
);

CREATE INDEX postings_by_state ON postings (state, company, posting_no);
CREATE INDEX postings_by_report ON postings (report_no);

-- What a posting sends and why, apart from its state: frozen once, never changed.
CREATE TABLE payloads (
    posting_no   BIGINT  NOT NULL PRIMARY KEY REFERENCES postings (posting_no),
    customer_id  TEXT   NOT NULL,
    payload      BYTEA  NOT NULL,
    lines        TEXT   NOT NULL
);

CREATE TABLE requests (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    id           TEXT   NOT NULL,
    company      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    control_id   TEXT   NOT NULL,
    masked_head  TEXT   NOT NULL,
    sent_ms      BIGINT NOT NULL,
    ended_ms     BIGINT,
    outcome      TEXT,
    http_status  BIGINT,
    reply        BYTEA,
    PRIMARY KEY (customer_id, id)
);

CREATE TABLE attempts (
    posting_no      BIGINT NOT NULL REFERENCES postings (posting_no),
    n               BIGINT NOT NULL,
    customer_id     TEXT   NOT NULL,
    request_id      TEXT   NOT NULL,
    fence           BIGINT NOT NULL,
    control_id      TEXT   NOT NULL,
    payload_sha256  TEXT   NOT NULL,
    started_ms      BIGINT NOT NULL,
    ended_ms        BIGINT,
    outcome         TEXT,
    detail          TEXT,
    PRIMARY KEY (posting_no, n)
);

CREATE TABLE observations (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    reference    TEXT NOT NULL,
    n            BIGINT NOT NULL,
    request_id   TEXT,
    fence        BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    record_no    TEXT,
    detail       TEXT   NOT NULL,
    at_ms        BIGINT NOT NULL,
    PRIMARY KEY (customer_id, reference, n)
);

CREATE TABLE controls (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    company      TEXT   NOT NULL,
    journal      TEXT   NOT NULL,
    entity       TEXT   NOT NULL,
    record_no    TEXT   NOT NULL,
    seen_ms      BIGINT NOT NULL,
    PRIMARY KEY (customer_id, company, journal, entity)
);

CREATE TABLE audit (
    customer_id  TEXT   NOT NULL REFERENCES customers (id),
    seq          BIGINT NOT NULL,
    at_ms        BIGINT NOT NULL,
    actor        TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    prev_hash    TEXT   NOT NULL,
    hash         TEXT   NOT NULL,
    PRIMARY KEY (customer_id, seq)
);

CREATE TABLE audit_checkpoints (
    customer_id  TEXT   NOT NULL PRIMARY KEY REFERENCES customers (id),
    seq          BIGINT NOT NULL,
    hash         TEXT   NOT NULL,
    verified_ms  BIGINT NOT NULL
);

-- Shared by all customers: a company's lane and a credential's budget are the vendor's, whoever uses them.
CREATE TABLE lanes (
    name      TEXT   NOT NULL PRIMARY KEY,
    owner     TEXT   NOT NULL,
    fence     BIGINT NOT NULL,
    until_ms  BIGINT NOT NULL
);

CREATE TABLE budgets (
    fingerprint  TEXT   NOT NULL,
    n            BIGINT NOT NULL,
    at_ms        BIGINT NOT NULL,
    PRIMARY KEY (fingerprint, n)
);

-- Evidence is only ever added.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER report_versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON report_versions
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER observations_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON observations
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER payloads_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON payloads
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER flow_versions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON flow_versions
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A writer that lost its lane may not change a posting, a posting's number in the ledger never changes.
CREATE FUNCTION keep_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION 'the fence was lost';
    END IF;
    IF OLD.record_no IS NOT NULL AND NEW.record_no IS DISTINCT FROM OLD.record_no THEN
        RAISE EXCEPTION 'record_no never changes';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER postings_keep BEFORE UPDATE ON postings
    FOR EACH ROW EXECUTE FUNCTION keep_posting();
