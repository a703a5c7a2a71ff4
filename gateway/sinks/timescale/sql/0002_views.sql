-- What a person asks: where is everything, how did it get there, who was in a zone, what went through a door.
-- All of them count events minus retractions, and go by ids.

-- A subject is an item, or a tag that belongs to none.
CREATE INDEX event_subject ON waypost.event (coalesce(item, tag), time);
CREATE INDEX event_retracts ON waypost.event (retracts) WHERE retracts IS NOT NULL;
CREATE INDEX event_device ON waypost.event (site, source, time) WHERE kind IN ('device_down', 'device_up');

CREATE TABLE waypost.zone (
    site text NOT NULL,
    zone text NOT NULL,
    inside text,
    depth integer NOT NULL,
    PRIMARY KEY (site, zone)
);
COMMENT ON TABLE waypost.zone IS 'How zones are nested: the deepest one that something is in is where it is.';

CREATE FUNCTION waypost.layout(site text, zones text[], insides text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE given AS (
        SELECT zone, inside FROM unnest($2, $3) AS one (zone, inside)
    ), nested AS (
        SELECT zone, inside, 1 AS depth FROM given
            WHERE inside IS NULL OR inside NOT IN (SELECT zone FROM given)
        UNION ALL
        SELECT given.zone, given.inside, depth + 1 FROM given JOIN nested ON given.inside = nested.zone
    )
    INSERT INTO waypost.zone SELECT $1, zone, inside, depth FROM nested
        ON CONFLICT (site, zone) DO UPDATE SET inside = excluded.inside, depth = excluded.depth;
$$;
COMMENT ON FUNCTION waypost.layout IS 'A gateway tells its zones, each with the one that it is inside or null.';

CREATE VIEW waypost.standing AS
    SELECT coalesce(item, tag) AS subject, e.* FROM waypost.event AS e
    WHERE kind <> 'retracted'
        AND NOT EXISTS (SELECT FROM waypost.event AS r WHERE r.retracts = e.id AND r.time = e.time);
COMMENT ON VIEW waypost.standing IS 'Events that were not retracted.';

CREATE VIEW waypost.visit AS
    SELECT site, subject AS item, place AS zone, time AS arrived, until AS departed FROM (
        SELECT site, subject, place, kind, time, lead(time) OVER (
            PARTITION BY subject, site, place ORDER BY time, detected, seq
        ) AS until
        FROM waypost.standing
        WHERE kind IN ('arrived', 'departed') AND place IS NOT NULL
    ) AS word
    WHERE kind = 'arrived';
COMMENT ON VIEW waypost.visit IS
    'Stays in zones, from the arrival to what was told next of the same item and zone; null: it is there. '
    'A stay in a zone is one in each zone around it too.';

-- By maxima, which take one look at each event and no sorting: all items together are asked for often. Only where
-- something arrived and departed in the same microsecond the order of the two has to be looked up.
CREATE VIEW waypost.word AS
    SELECT told.*, arrived IS NOT NULL AND (
        departed IS NULL OR arrived > departed OR arrived = departed AND 'arrived' = (
            SELECT s.kind FROM waypost.standing AS s
            WHERE s.subject = told.subject AND s.site = told.site AND s.place = told.place AND s.time = told.arrived
                AND s.kind IN ('arrived', 'departed')
            ORDER BY s.detected DESC, s.seq DESC LIMIT 1
        )
    ) AS inside
    FROM (
        SELECT subject, site, place,
            max(time) FILTER (WHERE kind = 'arrived') AS arrived,
            max(time) FILTER (WHERE kind = 'departed') AS departed,
            max(time) AS seen
        FROM waypost.standing
        WHERE kind IN ('arrived', 'departed', 'passed', 'found', 'missing') AND subject IS NOT NULL
        GROUP BY subject, site, place
    ) AS told;
COMMENT ON VIEW waypost.word IS 'The last word on each item and zone: when it arrived, departed, was seen; is it inside?';

CREATE VIEW waypost.item_now AS
    SELECT
        item.subject AS item, item.site, item.place, item.since, item.last_place, item.last_seen,
        told.confidence, told.source
    FROM (
        SELECT DISTINCT ON (subject)
            subject, site,
            CASE WHEN inside THEN place END AS place,
            CASE WHEN inside THEN arrived END AS since,
            CASE WHEN inside THEN place ELSE last_place END AS last_place,
            last_seen
        FROM (
            SELECT word.*, zone.depth,
                max(seen) OVER (PARTITION BY subject, word.site) AS last_seen,
                first_value(CASE WHEN arrived IS NOT NULL OR departed IS NOT NULL THEN place END) OVER (
                    PARTITION BY subject, word.site
                    ORDER BY greatest(arrived, departed) DESC NULLS LAST, zone.depth DESC NULLS LAST, place
                ) AS last_place
            FROM waypost.word LEFT JOIN waypost.zone ON zone.site = word.site AND zone.zone = word.place
        ) AS word
        ORDER BY subject, last_seen DESC, site, inside DESC, depth DESC NULLS LAST, arrived DESC, place
    ) AS item
    LEFT JOIN LATERAL (
        SELECT s.confidence, s.source FROM waypost.standing AS s
        WHERE s.subject = item.subject AND s.site = item.site AND s.time = coalesce(item.since, item.last_seen)
            AND (item.place IS NULL OR s.place = item.place AND s.kind = 'arrived')
        ORDER BY s.detected DESC, s.seq DESC LIMIT 1
    ) AS told ON true;
COMMENT ON VIEW waypost.item_now IS
    'Where every item is: the deepest zone that it is in, ties to the newest arrival; else null, and the zone that it '
    'was in last. Of several sites the one that saw it last. last_seen: its newest event; what rests tells none.';

CREATE VIEW waypost.item_movements AS
    SELECT
        subject AS item, time, kind, site, place, from_place, direction, tag, time_error, confidence, reads, late,
        source, evidence, id
    FROM waypost.standing
    WHERE kind IN ('arrived', 'departed', 'passed', 'missing', 'found');
COMMENT ON VIEW waypost.item_movements IS 'What an item did: SELECT ... WHERE item = ... ORDER BY time.';

CREATE FUNCTION waypost.was_in(zone text, at timestamptz) RETURNS TABLE (site text, item text, since timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT word.site, word.subject, word.time FROM (
        SELECT DISTINCT ON (s.subject, s.site) s.subject, s.site, s.time, s.kind FROM waypost.standing AS s
        WHERE s.kind IN ('arrived', 'departed') AND s.place = $1 AND s.time <= $2
        ORDER BY s.subject, s.site, s.time DESC, s.detected DESC, s.seq DESC
    ) AS word
    WHERE word.kind = 'arrived' AND word.site = (
        SELECT s.site FROM waypost.standing AS s
        WHERE s.subject = word.subject AND s.time <= $2
            AND s.kind IN ('arrived', 'departed', 'passed', 'found', 'missing')
        ORDER BY s.time DESC, s.detected DESC, s.seq DESC LIMIT 1
    );
$$;
COMMENT ON FUNCTION waypost.was_in IS
    'Who was in a zone, or in one inside it, at a time, and since when. Of several sites the one that had seen it last.';

CREATE FUNCTION waypost.dwell(since timestamptz, until timestamptz)
RETURNS TABLE (site text, zone text, items bigint, visits bigint, seconds double precision)
LANGUAGE sql STABLE AS $$
    SELECT v.site, v.zone, count(DISTINCT v.item), count(*),
        sum(extract(epoch FROM least(v.departed, $2, now()) - greatest(v.arrived, $1)))::double precision
    FROM waypost.visit AS v
    WHERE v.arrived < least($2, now()) AND (v.departed IS NULL OR v.departed > $1)
    GROUP BY v.site, v.zone;
$$;
COMMENT ON FUNCTION waypost.dwell IS
    'Stays in each zone between two moments, from visit by visit: exact, and slower than the sums of dwell_daily.';

CREATE VIEW waypost.doors_today AS
    SELECT
        e.site, e.place AS door, e.direction, count(*) AS passes, count(DISTINCT e.subject) AS items,
        min(e.time) AS first, max(e.time) AS last
    FROM waypost.standing AS e LEFT JOIN waypost.site AS s ON s.site = e.site
    WHERE e.kind = 'passed' AND e.time >= now() - interval '2 days'
        AND e.time >= date_trunc('day', now(), coalesce(s.timezone, 'UTC'))
    GROUP BY e.site, e.place, e.direction;
COMMENT ON VIEW waypost.doors_today IS
    'Passes through each door since midnight of its site; direction is null where it could not be told.';

CREATE VIEW waypost.gaps AS
    SELECT
        site, source, since, until, reason, filled,
        extract(epoch FROM until - since)::double precision AS seconds
    FROM waypost.gap
    UNION ALL
    SELECT site, source, time, NULL, reason, 0, extract(epoch FROM now() - time)::double precision
    FROM (
        SELECT DISTINCT ON (site, source) site, source, time, kind, evidence->>'reason' AS reason FROM waypost.event
        WHERE kind IN ('device_down', 'device_up')
        ORDER BY site, source, time DESC, detected DESC, seq DESC
    ) AS last
    WHERE kind = 'device_down';
COMMENT ON VIEW waypost.gaps IS
    'When each source told nothing, and why: until is null while it is still so. filled: records that came later.';
