-- The journal, version 2. Times are microseconds UTC; `crc` is the CRC-32 of a row's other columns (gateway/rows.py).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,         -- site, epoch, before (gateway/notes.py), and what the daemon keeps
    value TEXT NOT NULL,
    crc   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (                  -- the ids behind the tag codes of inputs, as many as came new in one commit
    first INTEGER PRIMARY KEY,      -- the first one's code, counted over all generations
    base  INTEGER NOT NULL,         -- the first code of its generation; inputs count from it
    ids   TEXT NOT NULL,            -- a JSON array
    crc   INTEGER NOT NULL
) STRICT;

CREATE TABLE input (                -- a row per commit, whether or not it had inputs
    number INTEGER PRIMARY KEY,     -- of the commit, without holes
    time   INTEGER NOT NULL,        -- arrival of its newest input, or of the one before
    inputs INTEGER NOT NULL,        -- sums from the beginning of the epoch to this commit: inputs,
    reads  INTEGER NOT NULL,        --   rows of reads,
    fixes  INTEGER NOT NULL,        --   fixes,
    events INTEGER NOT NULL,        --   events,
    gaps   INTEGER NOT NULL,        --   gaps,
    size   INTEGER NOT NULL,        --   and bytes of bodies
    base   INTEGER NOT NULL,        -- generation of its tag codes
    body   BLOB NOT NULL,           -- gateway/blobs.py
    crc    INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    seq   INTEGER PRIMARY KEY,
    id    TEXT NOT NULL,
    time  INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    item  TEXT,
    tag   TEXT,
    place TEXT,
    body  TEXT NOT NULL,            -- the other fields, a JSON object
    crc   INTEGER NOT NULL
) STRICT;

CREATE TABLE gap (
    seq    INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    filled INTEGER NOT NULL,
    crc    INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshot (             -- the newest two
    number  INTEGER PRIMARY KEY,    -- of the commit that it came with: it holds what that commit's inputs did
    inputs  INTEGER NOT NULL,
    events  INTEGER NOT NULL,
    data    BLOB NOT NULL,
    crc     INTEGER NOT NULL
) STRICT;

CREATE TABLE poison (               -- inputs on which the pipeline failed
    seq   INTEGER PRIMARY KEY,
    time  INTEGER NOT NULL,
    error TEXT NOT NULL,
    tags  TEXT NOT NULL,            -- the ids behind its own tag codes, a JSON array
    body  BLOB NOT NULL,            -- gateway/blobs.py, or empty
    crc   INTEGER NOT NULL
) STRICT;

CREATE TABLE cursor (               -- how far each sink has come
    name   TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    crc    INTEGER NOT NULL,
    PRIMARY KEY (name, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (           -- rows that a destination refused
    id     INTEGER PRIMARY KEY,
    sink   TEXT NOT NULL,
    epoch  TEXT NOT NULL,
    stream TEXT NOT NULL,
    seq    INTEGER NOT NULL,        -- in that epoch and stream
    time   INTEGER NOT NULL,        -- of the refusal
    reason TEXT NOT NULL,           -- as the destination gave it
    body   TEXT NOT NULL,           -- the row (gateway/sinks/refused.py)
    crc    INTEGER NOT NULL,
    UNIQUE (sink, epoch, stream, seq)
) STRICT;

CREATE TABLE ledger (               -- what was deleted
    id     INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    reason TEXT NOT NULL,           -- the limit that was reached
    unsent INTEGER NOT NULL,        -- how many of them a registered sink did not have
    crc    INTEGER NOT NULL
) STRICT;
