-- name: unique_device_health
-- en: How the device is: load, temperature, memory, disk, clock, spool. Every record once
-- ko: 장치 상태: 부하, 온도, 메모리, 디스크, 시계, 스풀. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_device_health AS
SELECT
    day,
    site,
    device,
    camera,
    epoch,
    stream,
    sequence,
    event_time,
    arbitrary(record_id) AS record_id,
    arbitrary(scene_version) AS scene_version,
    arbitrary(time_zone) AS time_zone,
    arbitrary(clock_quality) AS clock_quality,
    arbitrary(cpu_percent) AS cpu_percent,
    arbitrary(cpu_celsius) AS cpu_celsius,
    arbitrary(memory_used_bytes) AS memory_used_bytes,
    arbitrary(memory_total_bytes) AS memory_total_bytes,
    arbitrary(disk_free_bytes) AS disk_free_bytes,
    arbitrary(disk_total_bytes) AS disk_total_bytes,
    arbitrary(gpu_name) AS gpu_name,
    arbitrary(gpu_percent) AS gpu_percent,
    arbitrary(gpu_memory_used_bytes) AS gpu_memory_used_bytes,
    arbitrary(gpu_celsius) AS gpu_celsius,
    arbitrary(provider) AS provider,
    arbitrary(inference_milliseconds_p50) AS inference_milliseconds_p50,
    arbitrary(inference_milliseconds_p95) AS inference_milliseconds_p95,
    arbitrary(frames_per_second) AS frames_per_second,
    arbitrary(spool_rows) AS spool_rows,
    arbitrary(spool_bytes) AS spool_bytes,
    arbitrary(clock_offset_milliseconds) AS clock_offset_milliseconds,
    arbitrary(uptime_seconds) AS uptime_seconds,
    arbitrary(software_version) AS software_version
FROM stored_device_health
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
