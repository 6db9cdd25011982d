-- name: devices_in_trouble
-- en: Hours of the last day in which a device was hot, nearly full, behind with sending or of an unsure clock
-- ko: 최근 하루 중 장치가 뜨겁거나, 디스크가 거의 찼거나, 전송이 밀렸거나, 시계가 불확실했던 시간
SELECT
    site, device, local_hour, cpu_celsius_maximum, gpu_celsius_maximum, disk_free_percent_minimum,
    spool_rows_maximum, unsure_clock_reports, reports
FROM device_health_by_hour
WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
    AND (
        cpu_celsius_maximum >= 85 OR gpu_celsius_maximum >= 85 OR disk_free_percent_minimum < 10
        OR spool_rows_maximum > 10000 OR unsure_clock_reports > 0
    )
ORDER BY local_hour DESC, site, device
