-- Schema 10 for PostgreSQL: reports that a person holds back, and reports in the orders in which people look at them.

-- Reports that a person keeps back, whatever else lets them go.
CREATE TABLE holds (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    report_id    TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    actor        TEXT   NOT NULL,
    at_ms        BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, report_id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- Pages follow a key that every report has.
-- The type of a column that another one is made of cannot be changed later, so its collation is given before.
ALTER TABLE reports ALTER COLUMN approved_on TYPE TEXT COLLATE "C";
ALTER TABLE reports ADD COLUMN approved_key TEXT COLLATE "C"
    GENERATED ALWAYS AS (COALESCE(approved_on, '')) STORED;
ALTER TABLE reports ADD COLUMN money_key BIGINT
    GENERATED ALWAYS AS (0 + COALESCE(amount_minor, total_minor, 0)) STORED;

-- The state comes first, so that no planner takes these where only the flow is given.
CREATE INDEX reports_by_approval ON reports (state, flow_id, approved_key, report_no);
CREATE INDEX reports_by_money ON reports (state, flow_id, money_key, report_no);
-- For whoever types the beginning of a number; nothing else asks that a number is there.
CREATE INDEX reports_by_number ON reports (customer_id, number) WHERE number IS NOT NULL;

-- The causes of a flow: each has an expense, and only a query that says so takes this index.
CREATE INDEX report_problems_of_flow ON report_problems (customer_id, flow_id, cause) WHERE expenses > 0;
-- What was rejected of a flow, which is little.
CREATE INDEX approvals_rejected ON approvals (customer_id, flow_id) WHERE decision = 'reject';
