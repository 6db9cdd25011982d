-- name: devices_in_trouble
-- en: Hours of the last day in which a device was hot, held back, nearly full, behind with sending, of an unsure clock or with a camera in trouble
-- ko: 최근 하루 중 장치가 뜨겁거나, 성능이 제한됐거나, 디스크가 거의 찼거나, 전송이 밀렸거나, 시계가 불확실했거나, 카메라에 문제가 있던 시간
SELECT
    site, device, local_hour, cpu_celsius_maximum, gpu_celsius_maximum, disk_free_percent_minimum,
    spool_rows_maximum, unsure_clock_reports, reports,
    cpu_throttled_reports, gpu_throttled_reports, cameras_in_trouble_maximum
FROM device_health_by_hour
WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
    AND (
        cpu_celsius_maximum >= 85 OR gpu_celsius_maximum >= 85 OR disk_free_percent_minimum < 10
        OR spool_rows_maximum > 10000 OR unsure_clock_reports > 0
        OR cpu_throttled_reports > 0 OR gpu_throttled_reports > 0 OR cameras_in_trouble_maximum > 0
    )
ORDER BY local_hour DESC, site, device
