-- name: site_days
-- en: Occupancy of every zone of a site by local day, any period, suspect windows left out: site, first local day, last local day, that first day again, that last day again
-- ko: 한 사이트의 모든 구역의 현지 날짜별 점유(기간 자유, 의심 구간 제외): 사이트, 첫 현지 날짜, 마지막 현지 날짜, 첫 날짜 한 번 더, 마지막 날짜 한 번 더
SELECT
    camera, zone, object_class, local_day,
    sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean,
    max(occupancy_maximum) AS occupancy_maximum,
    count(DISTINCT date_trunc('minute', event_time)) AS minutes_counted
FROM local_zone_counts
WHERE site = ? AND NOT suspect
    AND local_day BETWEEN ? AND ?
    AND day BETWEEN date_format(CAST(? AS date) - INTERVAL '1' DAY, '%Y-%m-%d')
        AND date_format(CAST(? AS date) + INTERVAL '1' DAY, '%Y-%m-%d')
GROUP BY camera, zone, object_class, local_day
ORDER BY camera, zone, object_class, local_day
