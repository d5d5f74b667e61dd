-- position is the order of creation: given under the write lock, so it is the order of commits too.
CREATE TABLE customers (
    position   INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    request_id TEXT UNIQUE
) STRICT;
