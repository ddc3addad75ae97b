-- Schema 11: how often each text that a mapping leads from was seen, with how much money, and what every version of a
-- mapping changed.

-- The texts that mappings lead from, as reports carry them: one row for each place, text and currency.
CREATE TABLE mapping_uses (
    customer_id   TEXT   NOT NULL,
    flow_id       TEXT   NOT NULL,
    place         TEXT   NOT NULL,
    text_key      TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    source_text   TEXT   NOT NULL,
    beside        TEXT,
    expenses      BIGINT NOT NULL,
    amount_minor  BIGINT NOT NULL,
    last_on       TEXT,
    PRIMARY KEY (customer_id, flow_id, place, text_key, currency),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

-- Which places are counted. Reports up to until_no that were there before are counted in, through_no by through_no.
CREATE TABLE mapping_places (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    place        TEXT   NOT NULL,
    through_no   BIGINT NOT NULL,
    until_no     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, place),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

-- What each version of a flow changed in the tables of its mapping, row by row.
CREATE TABLE mapping_changes (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    table_name   TEXT   NOT NULL,
    text_key     TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    source_text  TEXT   NOT NULL,
    old_target   TEXT,
    new_target   TEXT,
    author       TEXT   NOT NULL,
    changed_ms   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, flow_id, table_name, text_key, version),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
) WITHOUT ROWID;

CREATE INDEX mapping_changes_by_version ON mapping_changes (customer_id, flow_id, version, table_name, text_key);
