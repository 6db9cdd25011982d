-- name: zone_hours
-- en: Hours of a zone: site, camera, zone, first and last UTC day
-- ko: 한 구역의 시간별 집계: 사이트, 카메라, 구역, 첫 UTC 날짜와 마지막 UTC 날짜
SELECT
    local_hour, object_class, occupancy_mean, occupancy_maximum, entries, exits,
    dwell_seconds_mean, observed_seconds, suspect_share
FROM zone_counts_by_hour
WHERE site = ? AND camera = ? AND zone = ? AND day BETWEEN ? AND ?
ORDER BY local_hour, object_class
