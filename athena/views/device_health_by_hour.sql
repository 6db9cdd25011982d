-- name: device_health_by_hour
-- en: Health of every device by local hour: load, heat, room on the disk, what waits to be sent, speed of inference, clock. An hour without a row had no report
-- ko: 장치별 현지 시간 단위 상태: 부하, 온도, 디스크 여유, 전송 대기, 추론 속도, 시계. 행이 없는 시간은 보고가 없었던 시간
CREATE OR REPLACE VIEW device_health_by_hour AS
WITH reports AS (
    SELECT
        day, site, device, event_time, time_zone, clock_quality,
        cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes,
        gpu_percent, gpu_memory_used_bytes, gpu_celsius,
        inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second,
        spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version,
        cpu_throttling, gpu_throttling, load_one_minute, swap_used_bytes,
        network_received_bytes_per_second, network_sent_bytes_per_second,
        link_down_bits_per_second, link_up_bits_per_second, package_digest, cameras, cameras_ok,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_device_health
), placed AS (
    SELECT
        day, site, device, event_time, time_zone, clock_quality,
        cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes,
        gpu_percent, gpu_memory_used_bytes, gpu_celsius,
        inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second,
        spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version,
        cpu_throttling, gpu_throttling, load_one_minute, swap_used_bytes,
        network_received_bytes_per_second, network_sent_bytes_per_second,
        link_down_bits_per_second, link_up_bits_per_second, package_digest, cameras, cameras_ok,
        date_trunc('hour', local_time) AS local_hour,
        date_add(
            'millisecond', -date_diff('millisecond', date_trunc('hour', local_time), local_time), event_time
        ) AS hour_start
    FROM reports
)
SELECT
    day, site, device, time_zone,
    local_hour,
    hour_start,
    date_format(local_hour, '%Y-%m-%d') AS local_day,
    hour(local_hour) AS hour_of_day,
    count(*) AS reports,
    avg(cpu_percent) AS cpu_percent_mean,
    max(cpu_percent) AS cpu_percent_maximum,
    max(cpu_celsius) AS cpu_celsius_maximum,
    max(memory_used_bytes * 100e0 / nullif(memory_total_bytes, 0)) AS memory_percent_maximum,
    min(disk_free_bytes) AS disk_free_bytes_minimum,
    min(disk_free_bytes * 100e0 / nullif(disk_total_bytes, 0)) AS disk_free_percent_minimum,
    avg(gpu_percent) AS gpu_percent_mean,
    max(gpu_memory_used_bytes) AS gpu_memory_used_bytes_maximum,
    max(gpu_celsius) AS gpu_celsius_maximum,
    avg(inference_milliseconds_p50) AS inference_milliseconds_p50_mean,
    max(inference_milliseconds_p95) AS inference_milliseconds_p95_maximum,
    avg(frames_per_second) AS frames_per_second_mean,
    min(frames_per_second) AS frames_per_second_minimum,
    max(spool_rows) AS spool_rows_maximum,
    max(spool_bytes) AS spool_bytes_maximum,
    max(abs(clock_offset_milliseconds)) AS clock_offset_milliseconds_maximum,
    count_if(clock_quality <> 'synced') AS unsure_clock_reports,
    min(uptime_seconds) AS uptime_seconds_minimum,
    max_by(software_version, event_time) AS software_version,
    max(load_one_minute) AS load_one_minute_maximum,
    max(swap_used_bytes) AS swap_used_bytes_maximum,
    count_if(cpu_throttling <> 'none') AS cpu_throttled_reports,
    count_if(gpu_throttling <> 'none') AS gpu_throttled_reports,
    avg(network_received_bytes_per_second) AS network_received_bytes_per_second_mean,
    avg(network_sent_bytes_per_second) AS network_sent_bytes_per_second_mean,
    min(link_down_bits_per_second) AS link_down_bits_per_second_minimum,
    min(link_up_bits_per_second) AS link_up_bits_per_second_minimum,
    max_by(package_digest, event_time) AS package_digest,
    max(cameras - cameras_ok) AS cameras_in_trouble_maximum
FROM placed
GROUP BY day, site, device, time_zone, local_hour, hour_start
