-- Sums per door and hour, zone and day, antenna and hour, where the database has no continuous aggregates.
--
-- An event adds to its sum, a retraction subtracts: each row counts once, whenever it comes. So the numbers of a line
-- are folded in, in order, up to waypost.summed; what is beyond it the views add by themselves.

CREATE TABLE waypost.edition (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    name text NOT NULL CHECK (name IN ('timescaledb', 'apache', 'postgresql'))
);
COMMENT ON TABLE waypost.edition IS 'For which edition `waypost db migrate` has made the sums and what keeps the limits.';

CREATE TABLE waypost.passes_sum (
    site text NOT NULL,
    place text,
    direction text,
    hour timestamptz NOT NULL,
    passes bigint NOT NULL,
    CONSTRAINT passes_once UNIQUE NULLS NOT DISTINCT (site, place, direction, hour)
);

CREATE TABLE waypost.moves_sum (
    site text NOT NULL,
    place text,
    day timestamptz NOT NULL,
    arrived bigint NOT NULL,
    departed bigint NOT NULL,
    rest numeric NOT NULL,
    CONSTRAINT moves_once UNIQUE NULLS NOT DISTINCT (site, place, day)
);
COMMENT ON COLUMN waypost.moves_sum.rest IS
    'Seconds from the arrivals to the end of the day (UTC), minus those from the departures.';

CREATE TABLE waypost.reads_sum (
    site text NOT NULL,
    source text NOT NULL,
    antenna integer NOT NULL,
    hour timestamptz NOT NULL,
    reads bigint NOT NULL,
    strongest real,
    CONSTRAINT reads_once UNIQUE (site, source, antenna, hour)
);
COMMENT ON COLUMN waypost.reads_sum.strongest IS 'The highest rssi.';

-- What one row adds to its sum.
CREATE VIEW waypost.pass_term AS
    SELECT site, epoch, seq, place, direction, date_bin('1 hour', time, timestamptz '2000-01-01 00:00Z') AS hour,
        CASE kind WHEN 'passed' THEN 1 ELSE -1 END AS passes
    FROM waypost.event
    WHERE kind = 'passed' OR of = 'passed';

CREATE VIEW waypost.move_term AS
    SELECT site, epoch, seq, place, date_bin('1 day', time, timestamptz '2000-01-01 00:00Z') AS day,
        CASE WHEN kind = 'arrived' THEN 1 WHEN of = 'arrived' THEN -1 ELSE 0 END AS arrived,
        CASE WHEN kind = 'departed' THEN 1 WHEN of = 'departed' THEN -1 ELSE 0 END AS departed,
        CASE WHEN kind = 'arrived' OR of = 'departed' THEN 1 ELSE -1 END
            * (86400 - extract(epoch FROM (time AT TIME ZONE 'UTC')::time)) AS rest
    FROM waypost.event
    WHERE kind IN ('arrived', 'departed') OR of IN ('arrived', 'departed');

CREATE VIEW waypost.read_term AS
    SELECT site, epoch, seq, source, antenna, date_bin('1 hour', time, timestamptz '2000-01-01 00:00Z') AS hour,
        count AS reads, rssi AS strongest
    FROM waypost.read;

-- How far a line has come and how far it is summed.
CREATE VIEW waypost.line AS
    SELECT l.site, l.epoch, l.stream, max(l.last) AS last, coalesce(max(s.last), 0) AS summed
    FROM waypost.ledger AS l LEFT JOIN waypost.summed AS s USING (site, epoch, stream)
    GROUP BY l.site, l.epoch, l.stream;

-- Numbers that are not in the sums yet.
CREATE VIEW waypost.unsummed AS
    SELECT site, epoch, stream, summed + 1 AS first, last FROM waypost.line WHERE last > summed
    UNION ALL
    SELECT site, epoch, stream, seq, seq FROM waypost.belated;

CREATE FUNCTION waypost.fold(site text, epoch uuid, stream text, first bigint, last bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF stream = 'events' THEN
        INSERT INTO waypost.passes_sum AS old
            SELECT t.site, t.place, t.direction, t.hour, sum(t.passes) FROM waypost.pass_term AS t
            WHERE (t.site, t.epoch) = (fold.site, fold.epoch) AND t.seq BETWEEN fold.first AND fold.last
            GROUP BY 1, 2, 3, 4
            ON CONFLICT ON CONSTRAINT passes_once DO UPDATE SET passes = old.passes + excluded.passes;
        INSERT INTO waypost.moves_sum AS old
            SELECT t.site, t.place, t.day, sum(t.arrived), sum(t.departed), sum(t.rest) FROM waypost.move_term AS t
            WHERE (t.site, t.epoch) = (fold.site, fold.epoch) AND t.seq BETWEEN fold.first AND fold.last
            GROUP BY 1, 2, 3
            ON CONFLICT ON CONSTRAINT moves_once DO UPDATE SET arrived = old.arrived + excluded.arrived,
                departed = old.departed + excluded.departed, rest = old.rest + excluded.rest;
    ELSIF stream = 'reads' THEN
        INSERT INTO waypost.reads_sum AS old
            SELECT t.site, t.source, t.antenna, t.hour, sum(t.reads), max(t.strongest) FROM waypost.read_term AS t
            WHERE (t.site, t.epoch) = (fold.site, fold.epoch) AND t.seq BETWEEN fold.first AND fold.last
            GROUP BY 1, 2, 3, 4
            ON CONFLICT ON CONSTRAINT reads_once DO UPDATE SET reads = old.reads + excluded.reads,
                strongest = greatest(old.strongest, excluded.strongest);
    END IF;
END
$$;

-- The next numbers of a line, at most `most`; returns how many.
CREATE FUNCTION waypost.fold_next(line waypost.line, most bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    upto bigint := least(line.last, line.summed + most);
BEGIN
    PERFORM waypost.fold(line.site, line.epoch, line.stream, line.summed + 1, upto);
    INSERT INTO waypost.summed AS s VALUES (line.site, line.epoch, line.stream, upto)
        ON CONFLICT (site, epoch, stream) DO UPDATE SET last = excluded.last;
    RETURN upto - line.summed;
END
$$;

CREATE FUNCTION waypost.fold_belated() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one waypost.belated%ROWTYPE;
BEGIN
    FOR one IN DELETE FROM waypost.belated RETURNING * LOOP
        PERFORM waypost.fold(one.site, one.epoch, one.stream, one.seq, one.seq);
    END LOOP;
END
$$;

-- Puts the newest rows, which are those that are looked for, into the index of ranges. Vacuum does that too, and must not
-- be disturbed: whoever waits for its lock a second ends it.
CREATE FUNCTION waypost.find_newest() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF (SELECT name = 'postgresql' FROM waypost.edition) AND EXISTS (SELECT FROM waypost.unsummed) THEN
        PERFORM brin_summarize_new_values('waypost.event_range');
    END IF;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;

-- Sums rows that are not in the sums yet, at most about `most` of them; returns how many. One caller at a time, the
-- others have nothing to do.
CREATE FUNCTION waypost.sum_up(most bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    line waypost.line%ROWTYPE;
    done bigint := 0;
BEGIN
    PERFORM waypost.fold_belated();
    PERFORM waypost.find_newest();
    FOR line IN SELECT * FROM waypost.line AS l WHERE l.last > l.summed ORDER BY l.site, l.epoch, l.stream LOOP
        EXIT WHEN done >= most;
        done := done + waypost.fold_next(line, most - done);
    END LOOP;
    RETURN done;
END
$$;
