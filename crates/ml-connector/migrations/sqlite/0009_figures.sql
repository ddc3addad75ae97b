-- Schema 9: how many reports of each flow wait for what, and since when. Read across customers, so counts and times only.

CREATE TABLE flow_figures (
    flow_id            TEXT   NOT NULL PRIMARY KEY,
    customer_id        TEXT   NOT NULL,
    held               BIGINT NOT NULL,
    ready              BIGINT NOT NULL,
    unknown            BIGINT NOT NULL,
    conflict           BIGINT NOT NULL,
    rejected           BIGINT NOT NULL,
    drift              BIGINT NOT NULL,
    gated              BIGINT NOT NULL,
    oldest_held_ms     BIGINT,
    oldest_unknown_ms  BIGINT,
    oldest_gated_ms    BIGINT,
    counted_ms         BIGINT NOT NULL
) WITHOUT ROWID;
