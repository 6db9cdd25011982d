-- name: zone_dwell
-- en: How long objects stay in a zone by local hour: site, camera, zone, first UTC day, last UTC day
-- ko: 한 구역의 현지 시간별 체류 시간: 사이트, 카메라, 구역, 첫 UTC 날짜, 마지막 UTC 날짜
SELECT
    local_hour, object_class, dwell_seconds_mean, dwell_count, dwell_seconds_estimate, vanished
FROM dwell_by_hour
WHERE site = ? AND camera = ? AND zone = ? AND day BETWEEN ? AND ?
ORDER BY local_hour, object_class
