-- name: stored_device_health
-- en: How the device is: load, temperature, memory, disk, clock, spool. Every stored row, raw or compacted: a record may be here twice
-- ko: 장치 상태: 부하, 온도, 메모리, 디스크, 시계, 스풀. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_device_health AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes, gpu_name, gpu_percent, gpu_memory_used_bytes, gpu_celsius, provider, inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second, spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version
FROM device_health
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes, gpu_name, gpu_percent, gpu_memory_used_bytes, gpu_celsius, provider, inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second, spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version
FROM compacted_device_health
