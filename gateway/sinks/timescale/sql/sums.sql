-- For databases without continuous aggregates: the sums that gateways keep, and what is not in them yet.
-- Same names and columns as in aggregates.sql.
-- Rows come in the order of their numbers and nearly in the order of time: an index of block ranges costs nothing when
-- they are written, and finds the newest and the oldest.
CREATE INDEX IF NOT EXISTS event_range ON waypost.event USING brin (seq int8_minmax_multi_ops)
    WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS gap_range ON waypost.gap USING brin (since) WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS read_range ON waypost.read USING brin (time) WITH (autosummarize = on);
CREATE INDEX IF NOT EXISTS fix_range ON waypost.fix USING brin (time) WITH (autosummarize = on);

CREATE OR REPLACE VIEW waypost.passes_hourly AS
    SELECT site, place, direction, hour, sum(passes)::bigint AS passes
    FROM (
        SELECT site, place, direction, hour, passes FROM waypost.passes_sum
        UNION ALL
        SELECT site, t.place, t.direction, t.hour, t.passes
        FROM waypost.unsummed AS u JOIN waypost.pass_term AS t USING (site, epoch)
        WHERE u.stream = 'events' AND t.seq BETWEEN u.first AND u.last
    ) AS term
    GROUP BY site, place, direction, hour;

CREATE OR REPLACE VIEW waypost.moves_daily AS
    SELECT site, place, day, sum(arrived)::bigint AS arrived, sum(departed)::bigint AS departed, sum(rest) AS rest
    FROM (
        SELECT site, place, day, arrived, departed, rest FROM waypost.moves_sum
        UNION ALL
        SELECT site, t.place, t.day, t.arrived, t.departed, t.rest
        FROM waypost.unsummed AS u JOIN waypost.move_term AS t USING (site, epoch)
        WHERE u.stream = 'events' AND t.seq BETWEEN u.first AND u.last
    ) AS term
    GROUP BY site, place, day;

CREATE OR REPLACE VIEW waypost.reads_hourly AS
    SELECT site, source, antenna, hour, sum(reads)::bigint AS reads, max(strongest) AS strongest
    FROM (
        SELECT site, source, antenna, hour, reads, strongest FROM waypost.reads_sum
        UNION ALL
        SELECT site, t.source, t.antenna, t.hour, t.reads, t.strongest
        FROM waypost.unsummed AS u JOIN waypost.read_term AS t USING (site, epoch)
        WHERE u.stream = 'reads' AND t.seq BETWEEN u.first AND u.last
    ) AS term
    GROUP BY site, source, antenna, hour;
