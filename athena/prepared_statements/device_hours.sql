-- name: device_hours
-- en: Health of a device by local hour: site, device, first UTC day, last UTC day
-- ko: 한 장치의 현지 시간별 상태: 사이트, 장치, 첫 UTC 날짜, 마지막 UTC 날짜
SELECT
    local_hour, reports, cpu_percent_mean, cpu_celsius_maximum, disk_free_percent_minimum,
    frames_per_second_mean, inference_milliseconds_p95_maximum, spool_rows_maximum, software_version
FROM device_health_by_hour
WHERE site = ? AND device = ? AND day BETWEEN ? AND ?
ORDER BY local_hour
