-- Is all there, and nothing twice? It looks at every row: for `waypost db verify`, not for a dashboard.

CREATE VIEW waypost.proof AS
    WITH range AS (
        SELECT *, lag(last, 1, 0::bigint) OVER (PARTITION BY site, epoch, stream ORDER BY first) AS before
        FROM waypost.ledger
    ), account AS (
        SELECT
            site, epoch, stream, min(first) AS first, max(last) AS last, sum(rows) AS rows, sum(refused) AS refused,
            sum(first - before - 1)
                + coalesce(sum(last - first + 1 - rows - refused) FILTER (WHERE state = 'written'), 0) AS missing,
            range_agg(int8range(before + 1, first)) FILTER (WHERE first > before + 1) AS missing_ranges,
            sum(last - first + 1) FILTER (WHERE state = 'quarantined') AS quarantined,
            sum(last - first + 1) FILTER (WHERE state = 'dropped') AS dropped,
            sum(last - first + 1) FILTER (WHERE state = 'unreadable') AS unreadable
        FROM range GROUP BY site, epoch, stream
    ), event_copy AS (
        SELECT site, epoch, seq, row_number() OVER (PARTITION BY id ORDER BY stored, epoch, seq) > 1 AS again
        FROM waypost.event
    ), present AS (
        SELECT site, epoch, 'events' AS stream, count(*) AS there, count(*) FILTER (WHERE again) AS doubled,
            count(*) - count(DISTINCT seq) AS renumbered
        FROM event_copy GROUP BY site, epoch
        UNION ALL
        SELECT site, epoch, 'gaps', count(*), count(*) - count(DISTINCT seq), 0 FROM waypost.gap GROUP BY site, epoch
        UNION ALL
        SELECT site, epoch, 'reads', count(*), count(*) - count(DISTINCT seq), 0 FROM waypost.read GROUP BY site, epoch
        UNION ALL
        SELECT site, epoch, 'fixes', count(*), count(*) - count(DISTINCT seq), 0 FROM waypost.fix GROUP BY site, epoch
    ), blind AS (
        SELECT site, epoch, count(*) AS blind, sum(extract(epoch FROM until - since)) AS blind_seconds
        FROM waypost.gap GROUP BY site, epoch
    )
    SELECT
        site, epoch, stream, first, last,
        coalesce(a.rows, 0)::bigint AS rows,
        coalesce(p.there, 0) AS there,
        coalesce(e.rows, 0) AS expired,
        coalesce(a.refused, 0)::bigint AS refused,
        coalesce(a.missing, 0)::bigint AS missing,
        coalesce(a.missing_ranges, '{}') AS missing_ranges,
        (coalesce(a.rows, 0) - coalesce(p.there, 0) - coalesce(e.rows, 0))::bigint AS lost,
        coalesce(greatest(p.doubled, p.renumbered), 0) AS doubled,
        coalesce(a.quarantined, 0)::bigint AS quarantined,
        coalesce(a.dropped, 0)::bigint AS dropped,
        coalesce(a.unreadable, 0)::bigint AS unreadable,
        coalesce(b.blind, 0) AS blind,
        coalesce(b.blind_seconds, 0)::double precision AS blind_seconds
    FROM account AS a
        FULL JOIN present AS p USING (site, epoch, stream)
        LEFT JOIN waypost.expired AS e USING (site, epoch, stream)
        LEFT JOIN blind AS b USING (site, epoch);
COMMENT ON VIEW waypost.proof IS
    'Per line of numbers. rows: inserted by the account; there: found now; expired: deleted because of their age; '
    'refused: were there already; missing: numbers without an account; lost: rows - there - expired; doubled: rows '
    'with the id or number of another; quarantined, dropped, unreadable: numbers without a row, and the account says '
    'why; blind: gaps that the gateway recorded. All is there, and nothing twice, where missing, lost and doubled are 0.';
