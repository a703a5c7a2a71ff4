-- For TimescaleDB with the community licence: sums that the database keeps by itself, new rows included at once.
-- Same names and columns as in sums.sql.
CREATE MATERIALIZED VIEW IF NOT EXISTS waypost.passes_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT site, place, direction, time_bucket('1 hour', time) AS hour,
        count(*) FILTER (WHERE kind = 'passed') - count(*) FILTER (WHERE of = 'passed') AS passes
    FROM waypost.event
    WHERE kind = 'passed' OR of = 'passed'
    GROUP BY site, place, direction, time_bucket('1 hour', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW IF NOT EXISTS waypost.moves_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT site, place, time_bucket('1 day', time) AS day,
        count(*) FILTER (WHERE kind = 'arrived') - count(*) FILTER (WHERE of = 'arrived') AS arrived,
        count(*) FILTER (WHERE kind = 'departed') - count(*) FILTER (WHERE of = 'departed') AS departed,
        sum(
            CASE WHEN kind = 'arrived' OR of = 'departed' THEN 1 ELSE -1 END
            * (86400 - extract(epoch FROM (time AT TIME ZONE 'UTC')::time))
        ) AS rest
    FROM waypost.event
    WHERE kind IN ('arrived', 'departed') OR of IN ('arrived', 'departed')
    GROUP BY site, place, time_bucket('1 day', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW IF NOT EXISTS waypost.reads_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT site, source, antenna, time_bucket('1 hour', time) AS hour, sum(count) AS reads, max(rssi) AS strongest
    FROM waypost.read
    GROUP BY site, source, antenna, time_bucket('1 hour', time)
WITH NO DATA;
