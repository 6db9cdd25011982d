-- name: zone_days
-- en: Local days of a zone, any period, suspect windows left out: site, camera, zone, first local day, last local day, that first day again, that last day again
-- ko: 한 구역의 현지 날짜별 점유(기간 자유, 의심 구간 제외): 사이트, 카메라, 구역, 첫 현지 날짜, 마지막 현지 날짜, 첫 날짜 한 번 더, 마지막 날짜 한 번 더
SELECT
    local_day, object_class,
    sum(if(suspect, 0e0, occupancy_mean * window_seconds))
        / nullif(sum(if(suspect, 0e0, window_seconds)), 0e0) AS occupancy_mean,
    max(if(suspect, NULL, occupancy_maximum)) AS occupancy_maximum,
    sum(entries) AS entries,
    sum(exits) AS exits,
    count(DISTINCT if(suspect, NULL, date_trunc('minute', event_time))) AS minutes_counted,
    sum(if(suspect, window_seconds, 0e0)) / nullif(sum(window_seconds), 0e0) AS suspect_share
FROM local_zone_counts
WHERE site = ? AND camera = ? AND zone = ?
    AND local_day BETWEEN ? AND ?
    AND day BETWEEN date_format(CAST(? AS date) - INTERVAL '1' DAY, '%Y-%m-%d')
        AND date_format(CAST(? AS date) + INTERVAL '1' DAY, '%Y-%m-%d')
GROUP BY local_day, object_class
ORDER BY local_day, object_class
