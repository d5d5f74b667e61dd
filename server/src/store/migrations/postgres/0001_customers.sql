CREATE TABLE ticketing_schema (
    id            BIGINT PRIMARY KEY CHECK (id = 1),
    version       BIGINT NOT NULL,
    oldest_usable BIGINT NOT NULL
);

-- position is the order of creation: taken from customer_positions, whose row is locked until the commit, so it is the
-- order of commits too, whatever the replicas' clocks say.
CREATE TABLE customers (
    position   BIGINT PRIMARY KEY,
    id         UUID NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    request_id TEXT UNIQUE
);

CREATE TABLE customer_positions (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);

INSERT INTO customer_positions (id, last) VALUES (1, 0);
