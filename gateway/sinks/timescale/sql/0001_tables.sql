-- What gateways write: rows of four streams, the account of them, and who reports.
-- Rows are only ever inserted. No foreign keys: a row of a stream says everything itself.

CREATE TABLE waypost.event (
    site text NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    time timestamptz NOT NULL,
    detected timestamptz NOT NULL,
    time_error double precision,
    kind text NOT NULL,
    item text,
    tag text,
    place text,
    from_place text,
    direction text,
    lat double precision,
    lon double precision,
    confidence real,
    reads bigint NOT NULL,
    late boolean NOT NULL,
    source text,
    evidence jsonb NOT NULL,
    retracts uuid,
    of text,
    stored timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT event_once UNIQUE (time, id),
    CONSTRAINT event_retraction CHECK (
        (kind = 'retracted') = (retracts IS NOT NULL) AND (retracts IS NULL) = (of IS NULL)
    ),
    -- the sums are found by these: what is too long for their index must not get here
    CONSTRAINT event_sums CHECK (octet_length(coalesce(place, '') || coalesce(direction, '')) <= 1000)
);
COMMENT ON TABLE waypost.event IS
    'What happened, as decided at the sites. A row of kind retracted takes back the one whose id is in retracts, '
    'with the same item, tag, place and time. The views count events minus retractions.';
COMMENT ON COLUMN waypost.event.seq IS 'From 1, without holes, per site and epoch.';
COMMENT ON COLUMN waypost.event.time_error IS 'Bound of the error of time, seconds.';
COMMENT ON COLUMN waypost.event.of IS 'Kind of the event that is taken back.';

CREATE TABLE waypost.gap (
    site text NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    source text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    reason text NOT NULL,
    filled bigint NOT NULL,
    stored timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gap_once UNIQUE (site, epoch, seq, since)
);
COMMENT ON TABLE waypost.gap IS 'Intervals in which a source told nothing: a silence is never taken for absence.';
COMMENT ON COLUMN waypost.gap.filled IS 'Records of a backlog that fell into it later.';

CREATE TABLE waypost.read (
    site text NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    time timestamptz NOT NULL,
    source text NOT NULL,
    antenna integer NOT NULL,
    tag text NOT NULL,
    rssi real,
    phase real,
    doppler real,
    channel integer,
    count integer NOT NULL,
    CONSTRAINT read_once UNIQUE (site, epoch, seq, time),
    CONSTRAINT read_sums CHECK (octet_length(source) <= 1000)
);
COMMENT ON TABLE waypost.read IS
    'Raw sightings, if a site sends them: rssi in dBm (unless the device says otherwise), phase in rad, '
    'doppler in Hz, channel in kHz.';

CREATE TABLE waypost.fix (
    site text NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    time timestamptz NOT NULL,
    tracker text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    alt real,
    speed real,
    course real,
    accuracy real,
    satellites integer,
    flags integer NOT NULL,
    source text NOT NULL,
    attributes jsonb NOT NULL,
    CONSTRAINT fix_once UNIQUE (site, epoch, seq, time)
);
COMMENT ON TABLE waypost.fix IS
    'Positions: degrees WGS 84, alt in m, speed in m/s, course in degrees, accuracy in m (1 sigma per axis). '
    'flags: 1 valid, 2 kept back by the tracker, 4 blurred on purpose, 8 its date was set right.';

CREATE TABLE waypost.ledger (
    site text NOT NULL,
    epoch uuid NOT NULL,
    stream text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    rows bigint NOT NULL,
    refused bigint NOT NULL,
    state text NOT NULL,
    reason text,
    mark text,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (site, epoch, stream, first),
    CONSTRAINT ledger_range CHECK (first > 0 AND last >= first AND rows >= 0 AND refused >= 0),
    CONSTRAINT ledger_state CHECK (state IN ('written', 'quarantined', 'dropped', 'unreadable'))
);
COMMENT ON TABLE waypost.ledger IS
    'The account: what became of each number of a line (site, epoch, stream). It outlives the rows.';
COMMENT ON COLUMN waypost.ledger.rows IS 'Rows that were inserted for this range.';
COMMENT ON COLUMN waypost.ledger.refused IS 'Rows of this range that were there already.';
COMMENT ON COLUMN waypost.ledger.mark IS
    'Of the row with the number last: the id of an event, a checksum of a gap; by it a journal knows its ledger.';

CREATE TABLE waypost.summed (
    site text NOT NULL,
    epoch uuid NOT NULL,
    stream text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (site, epoch, stream)
);
COMMENT ON TABLE waypost.summed IS 'Up to which number of a line the rows are in the sums.';

CREATE TABLE waypost.belated (
    site text NOT NULL,
    epoch uuid NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (site, epoch, stream, seq)
);
COMMENT ON TABLE waypost.belated IS 'Numbers that came out of quarantine behind waypost.summed.';

CREATE TABLE waypost.site (
    site text PRIMARY KEY,
    timezone text,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
);
COMMENT ON COLUMN waypost.site.timezone IS 'An IANA name: whose midnight "today" begins with. Null: UTC.';

CREATE TABLE waypost.gateway (
    site text NOT NULL,
    epoch uuid NOT NULL,
    version text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (site, epoch)
);
COMMENT ON TABLE waypost.gateway IS 'Journals that reported: a new, restored or replaced one has a new epoch.';

CREATE TABLE waypost.device (
    site text NOT NULL,
    device text NOT NULL,
    kind text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (site, device)
);
COMMENT ON COLUMN waypost.device.last_seen IS 'When a gateway that has this device connected to the database.';

-- Whoever changes sums, or what they have to hold, holds this lock.
CREATE FUNCTION waypost.sums_lock() RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT hashtextextended('waypost sums', 0) $$;

-- One writer at a time and line; until the end of the transaction.
CREATE FUNCTION waypost.lock_line(site text, epoch uuid, stream text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(E'\x1f', site, epoch, stream), 0));
$$;

-- A number of a range that stands as quarantined gets another state; what is left of the range stays as it is.
CREATE FUNCTION waypost.restate(
    site text, epoch uuid, stream text, number bigint, state text, reason text, mark text,
    offered bigint, written bigint
) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held waypost.ledger%ROWTYPE;
BEGIN
    DELETE FROM waypost.ledger AS l
        WHERE (l.site, l.epoch, l.stream) = (restate.site, restate.epoch, restate.stream)
            AND l.state = 'quarantined' AND number BETWEEN l.first AND l.last
        RETURNING * INTO held;
    IF held.first IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO waypost.ledger
        SELECT held.site, held.epoch, held.stream, part.*, held.since, clock_timestamp()
        FROM (VALUES
            (held.first, number - 1, 0, 0, held.state, held.reason, NULL),
            (number, number, written, offered - written, restate.state, restate.reason, restate.mark),
            (number + 1, held.last, 0, 0, held.state, held.reason, held.mark)
        ) AS part (first, last, rows, refused, state, reason, mark)
        WHERE part.last >= part.first;
    RETURN true;
END
$$;

-- Takes the lock of the line, so that of two writers one waits and then raises: a number is written once.
-- Raising undoes what the calling statement inserted.
CREATE FUNCTION waypost.account(
    site text, epoch uuid, stream text, first bigint, last bigint, state text, reason text, mark text,
    offered bigint DEFAULT 0, written bigint DEFAULT 0
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    newest waypost.ledger%ROWTYPE;
    rows bigint := CASE state WHEN 'written' THEN last - first + 1 ELSE 0 END;
BEGIN
    IF (last >= first AND offered = rows AND written BETWEEN 0 AND rows) IS NOT TRUE THEN
        RAISE EXCEPTION 'numbers % to % of %/%/% as % with % of % rows: that does not add up',
            first, last, site, epoch, stream, state, written, offered
            USING ERRCODE = 'WP004';
    END IF;
    PERFORM waypost.lock_line(site, epoch, stream);
    SELECT * INTO newest FROM waypost.ledger AS l
        WHERE (l.site, l.epoch, l.stream) = (account.site, account.epoch, account.stream)
        ORDER BY l.first DESC LIMIT 1;
    IF newest.last IS NOT NULL AND account.first <> newest.last + 1 THEN
        RAISE EXCEPTION 'the ledger of %/%/% has numbers up to %, so % cannot be next',
            site, epoch, stream, newest.last, account.first
            USING ERRCODE = 'WP001', DETAIL = newest.last::text;
    END IF;
    IF newest.state = account.state AND newest.reason IS NOT DISTINCT FROM account.reason THEN
        UPDATE waypost.ledger AS l
            SET last = account.last, rows = l.rows + written, refused = l.refused + offered - written,
                mark = account.mark, at = clock_timestamp()
            WHERE (l.site, l.epoch, l.stream, l.first) = (newest.site, newest.epoch, newest.stream, newest.first);
    ELSE
        INSERT INTO waypost.ledger
            VALUES (site, epoch, stream, account.first, account.last, written, offered - written,
                    account.state, account.reason, account.mark, clock_timestamp(), clock_timestamp());
    END IF;
    RETURN account.last;
END
$$;
COMMENT ON FUNCTION waypost.account IS
    'Notes what became of the numbers first to last of a line, in turn; SQLSTATE WP001 with the line''s last number '
    'as detail if they are not next, WP004 if the counts are not those of the range. Returns last.';

-- Repeated after a lost answer it finds the number as it should be, and changes nothing. A row that comes behind the
-- sums is noted for them.
CREATE FUNCTION waypost.settle(
    site text, epoch uuid, stream text, number bigint, state text, reason text, mark text, written bigint DEFAULT 0
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    offered bigint := (state = 'written')::integer;
BEGIN
    PERFORM pg_advisory_xact_lock(waypost.sums_lock());
    PERFORM waypost.lock_line(site, epoch, stream);
    IF waypost.restate(site, epoch, stream, number, state, reason, mark, offered, written) THEN
        INSERT INTO waypost.belated
            SELECT s.site, s.epoch, s.stream, number FROM waypost.summed AS s
            WHERE (s.site, s.epoch, s.stream) = (settle.site, settle.epoch, settle.stream)
                AND written > 0 AND number <= s.last;
        RETURN;
    END IF;
    PERFORM FROM waypost.ledger AS l
        WHERE (l.site, l.epoch, l.stream, l.state) = (settle.site, settle.epoch, settle.stream, settle.state)
            AND settle.number BETWEEN l.first AND l.last;
    IF NOT FOUND OR written > 0 THEN
        RAISE EXCEPTION 'the ledger of %/%/% does not have % as quarantined', site, epoch, stream, number
            USING ERRCODE = 'WP002';
    END IF;
END
$$;
COMMENT ON FUNCTION waypost.settle IS
    'A number that was quarantined has been written after all, or is dropped; SQLSTATE WP002 if it was neither.';

CREATE FUNCTION waypost.present(
    site text, epoch uuid, version text, timezone text, devices text[], kinds text[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO waypost.site AS s VALUES ($1, $4, clock_timestamp(), clock_timestamp())
        ON CONFLICT (site) DO UPDATE SET timezone = coalesce(excluded.timezone, s.timezone), last_seen = excluded.last_seen;
    INSERT INTO waypost.gateway VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp())
        ON CONFLICT (site, epoch) DO UPDATE SET version = excluded.version, last_seen = excluded.last_seen;
    INSERT INTO waypost.device
        SELECT $1, device, kind, clock_timestamp(), clock_timestamp() FROM unnest($5, $6) AS given (device, kind)
        ON CONFLICT (site, device) DO UPDATE SET kind = excluded.kind, last_seen = excluded.last_seen;
$$;
COMMENT ON FUNCTION waypost.present IS 'A gateway has connected: which journal, which version, which devices it has.';
