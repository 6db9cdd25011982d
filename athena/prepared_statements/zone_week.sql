-- name: zone_week
-- en: The typical week of a zone over any period, suspect windows left out, by local hour of the week with 0 for Monday 00 to 01: site, camera, zone, first local day, last local day, that first day again, that last day again
-- ko: 기간을 정해 본 한 구역의 보통 한 주(의심 구간 제외): 현지 주간 시간(0은 월요일 0시)별 평균·최대 점유: 사이트, 카메라, 구역, 첫 현지 날짜, 마지막 현지 날짜, 첫 날짜 한 번 더, 마지막 날짜 한 번 더
SELECT
    object_class,
    (day_of_week(local_hour) - 1) * 24 + hour(local_hour) AS hour_of_week,
    sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean,
    max(occupancy_maximum) AS occupancy_maximum,
    count(DISTINCT local_day) AS days_counted
FROM local_zone_counts
WHERE site = ? AND camera = ? AND zone = ? AND NOT suspect
    AND local_day BETWEEN ? AND ?
    AND day BETWEEN date_format(CAST(? AS date) - INTERVAL '1' DAY, '%Y-%m-%d')
        AND date_format(CAST(? AS date) + INTERVAL '1' DAY, '%Y-%m-%d')
GROUP BY object_class, (day_of_week(local_hour) - 1) * 24 + hour(local_hour)
ORDER BY object_class, 2
