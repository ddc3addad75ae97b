-- Schema 6: what a held report was last translated with, what holds it by cause, and references of mappings that the
-- ledger withdrew.

ALTER TABLE reports ADD COLUMN chart_sha256 TEXT NOT NULL DEFAULT '';

-- Tells in a few steps whether anything held was last translated with another mapping or chart.
CREATE INDEX reports_held ON reports (customer_id, flow_id, mapping_version, chart_sha256) WHERE state = 'held';

-- One row for each cause that holds a report; the cause is a hash of code and value, since values have no bound.
CREATE TABLE report_problems (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    report_id    TEXT   NOT NULL,
    cause        TEXT   NOT NULL,
    code         BIGINT NOT NULL,
    value        TEXT   NOT NULL,
    expenses     BIGINT NOT NULL,
    detail       TEXT   NOT NULL,
    PRIMARY KEY (report_id, flow_id, customer_id, cause),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- The cause comes first, as the report does above, so that no planner takes an index where only the flow is given.
CREATE INDEX report_problems_by_cause ON report_problems (cause, flow_id, report_id);

CREATE TABLE reference_drifts (
    customer_id      TEXT   NOT NULL,
    flow_id          TEXT   NOT NULL,
    id               TEXT   NOT NULL,
    kind             TEXT   NOT NULL,
    reference        TEXT   NOT NULL,
    detail           TEXT   NOT NULL,
    places           TEXT   NOT NULL,
    reports          BIGINT NOT NULL,
    money            TEXT   NOT NULL,
    sample           TEXT   NOT NULL,
    mapping_version  BIGINT NOT NULL,
    chart_sha256     TEXT   NOT NULL,
    opened_ms        BIGINT NOT NULL,
    cleared_ms       BIGINT,
    PRIMARY KEY (customer_id, flow_id, id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

CREATE INDEX reference_drifts_open ON reference_drifts (customer_id, flow_id) WHERE cleared_ms IS NULL;
