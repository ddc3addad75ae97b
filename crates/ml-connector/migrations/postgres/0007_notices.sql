-- Schema 7 for PostgreSQL: what people were told.

-- One row for each cause that somebody was, or is to be, told of; cleared when it is gone.
CREATE TABLE notices (
    customer_id  TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    class        TEXT   NOT NULL,
    cause        TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    opened_ms    BIGINT NOT NULL,
    told_ms      BIGINT NOT NULL,
    reports      BIGINT NOT NULL,
    money        TEXT   NOT NULL,
    PRIMARY KEY (customer_id, flow_id, class, cause),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

-- Messages on their way. The receiver is a place in the flow's document, so that no address is kept twice.
CREATE TABLE messages (
    customer_id  TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    receiver     TEXT   NOT NULL,
    class        TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    next_ms      BIGINT,
    sent_ms      BIGINT,
    error        TEXT,
    PRIMARY KEY (customer_id, id),
    FOREIGN KEY (customer_id, flow_id) REFERENCES flows (customer_id, id)
);

CREATE INDEX messages_of_flow ON messages (flow_id, next_ms, id);
