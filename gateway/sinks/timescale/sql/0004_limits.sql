-- How long rows are kept, and how many went because of it: the proof counts them.

CREATE TABLE waypost.keeping (
    relation text PRIMARY KEY,
    stream text NOT NULL,
    "column" text NOT NULL,
    chunk interval NOT NULL,
    compress_after interval,
    keep interval
);
COMMENT ON TABLE waypost.keeping IS 'As [timescale] said at the last `waypost db migrate`; keep null: for ever.';

INSERT INTO waypost.keeping VALUES
    ('event', 'events', 'time', '7 days', '7 days', NULL),
    ('gap', 'gaps', 'since', '7 days', NULL, NULL),
    ('fix', 'fixes', 'time', '7 days', '7 days', NULL),
    ('read', 'reads', 'time', '1 day', '7 days', '30 days');

CREATE TABLE waypost.expired (
    site text NOT NULL,
    epoch uuid NOT NULL,
    stream text NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (site, epoch, stream)
);
COMMENT ON TABLE waypost.expired IS 'How many rows of a line were deleted because of their age.';

-- Deletes at most `most` rows older than a time that are in the sums; returns how many.
CREATE FUNCTION waypost.expire_rows(kept waypost.keeping, older timestamptz, most bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    EXECUTE format(
        'WITH gone AS (
            DELETE FROM waypost.%1$I WHERE ctid = ANY (ARRAY(
                SELECT r.ctid FROM waypost.%1$I AS r
                WHERE r.%2$I < $1 AND NOT EXISTS (
                    SELECT FROM waypost.unsummed AS u
                    WHERE (u.site, u.epoch, u.stream) = (r.site, r.epoch, $3) AND r.seq BETWEEN u.first AND u.last
                )
                LIMIT $2
            )) RETURNING site, epoch
        ), noted AS (
            INSERT INTO waypost.expired AS old SELECT site, epoch, $3, count(*) FROM gone GROUP BY site, epoch
            ON CONFLICT (site, epoch, stream) DO UPDATE SET rows = old.rows + excluded.rows
        )
        SELECT count(*) FROM gone', kept.relation, kept."column"
    ) INTO gone USING older, most, kept.stream;
    RETURN gone;
END
$$;

-- The same for a hypertable: whole chunks, once all of their rows are in the sums, if there are any to be made.
CREATE FUNCTION waypost.expire_chunks(kept waypost.keeping, older timestamptz, summing boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home text := (
        SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'timescaledb'
    );
    hypertable regclass := format('waypost.%I', kept.relation);
    chunk regclass;
    waits boolean;
    gone bigint := 0;
    more bigint;
BEGIN
    FOR chunk IN EXECUTE format('SELECT * FROM %I.show_chunks($1, older_than => $2)', home) USING hypertable, older LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', chunk);
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM waypost.unsummed AS u JOIN %s AS r USING (site, epoch)
                WHERE u.stream = $1 AND r.seq BETWEEN u.first AND u.last)', chunk
        ) INTO waits USING kept.stream;
        IF summing AND waits THEN
            RAISE EXCEPTION 'rows of % are not in the sums yet', chunk USING ERRCODE = 'WP003';
        END IF;
        EXECUTE format(
            'WITH gone AS (
                SELECT site, epoch, count(*) AS rows FROM %s GROUP BY site, epoch
            ), noted AS (
                INSERT INTO waypost.expired AS old SELECT site, epoch, $1, rows FROM gone
                ON CONFLICT (site, epoch, stream) DO UPDATE SET rows = old.rows + excluded.rows
            )
            SELECT coalesce(sum(rows), 0) FROM gone', chunk
        ) INTO more USING kept.stream;
        gone := gone + more;
    END LOOP;
    EXECUTE format('SELECT count(*) FROM %I.drop_chunks($1, older_than => $2)', home) USING hypertable, older;
    RETURN gone;
EXCEPTION WHEN SQLSTATE 'WP003' THEN
    RETURN 0;
END
$$;

-- What is older than waypost.keeping says goes; returns how many rows.
CREATE FUNCTION waypost.expire(most bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    edition text := (SELECT name FROM waypost.edition);
    kept waypost.keeping%ROWTYPE;
    gone bigint := 0;
BEGIN
    FOR kept IN SELECT * FROM waypost.keeping AS k WHERE k.keep IS NOT NULL ORDER BY k.relation LOOP
        IF edition = 'postgresql' THEN
            gone := gone + waypost.expire_rows(kept, now() - kept.keep, most - gone);
        ELSE
            gone := gone + waypost.expire_chunks(kept, now() - kept.keep, edition = 'apache');
        END IF;
    END LOOP;
    RETURN gone;
END
$$;

CREATE FUNCTION waypost.upkeep(most bigint DEFAULT 10000) RETURNS TABLE (summed bigint, expired bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    summed := 0;
    expired := 0;
    IF (SELECT name <> 'timescaledb' FROM waypost.edition) AND pg_try_advisory_xact_lock(waypost.sums_lock()) THEN
        summed := waypost.sum_up(most);
        expired := waypost.expire(most);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION waypost.upkeep IS
    'What a gateway calls every so often: adds new rows to the sums and deletes old ones, at most some of each; returns '
    'how many. Nothing to do where the database has jobs for that.';

CREATE PROCEDURE waypost.expire_job(job_id integer, config jsonb)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM waypost.expire(1000000);
END
$$;
COMMENT ON PROCEDURE waypost.expire_job IS 'What the scheduler of TimescaleDB calls every day.';
