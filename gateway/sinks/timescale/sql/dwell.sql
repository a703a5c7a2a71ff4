-- In every edition, on top of moves_daily: how long things stayed in a zone, per day (UTC), up to now.
--
-- What was inside at midnight stays 24 h; each arrival adds the rest of its day, each departure takes it away. Sums
-- only: the order of events does not matter, a late one and a retraction only add to the sum of their day, and a
-- stay over many days counts on every one of them.
CREATE OR REPLACE VIEW waypost.dwell_daily AS
    WITH zone_day AS (
        SELECT site, place, day
        FROM (SELECT site, place, min(day) AS first FROM waypost.moves_daily GROUP BY site, place) AS zone,
            generate_series(zone.first, now(), interval '24 hours') AS day
    ), running AS (
        SELECT site, place, day, coalesce(arrived, 0) AS arrived, coalesce(departed, 0) AS departed,
            coalesce(rest, 0) AS rest,
            coalesce(sum(arrived - departed) OVER before, 0) AS inside,
            greatest(86400 - extract(epoch FROM now() - day), 0) AS ahead
        FROM zone_day LEFT JOIN waypost.moves_daily USING (site, place, day)
        WINDOW before AS (
            PARTITION BY site, place ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
    SELECT site, place AS zone, day, arrived, departed, inside::bigint AS inside,
        (inside * 86400 + rest - (inside + arrived - departed) * ahead)::double precision AS seconds
    FROM running;
COMMENT ON VIEW waypost.dwell_daily IS
    'Stays in each zone per day (UTC): arrivals, departures, how many were inside when the day began, and the seconds '
    'that all together stayed.';
