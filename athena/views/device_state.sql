-- name: device_state
-- en: Latest health of every device in the last 31 days
-- ko: 최근 31일 안에서 장치마다 마지막 상태
CREATE OR REPLACE VIEW device_state AS
WITH ranked AS (
    SELECT
        day, site, device, event_time, clock_quality,
        cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes,
        gpu_name, gpu_percent, gpu_memory_used_bytes, gpu_celsius, provider,
        inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second,
        spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version,
        cpu_throttling, gpu_throttling, power_mode, load_one_minute, swap_used_bytes, gpu_memory_total_bytes,
        network_received_bytes_per_second, network_sent_bytes_per_second,
        link_down_bits_per_second, link_up_bits_per_second, time_source, hardware_model, os_release, kernel,
        jetpack_version, package_digest, packages, reboot_required, component_versions, cameras, cameras_ok,
        provider_note,
        row_number() OVER (
            PARTITION BY site, device ORDER BY event_time DESC, sequence DESC, record_id DESC
        ) AS newest
    FROM unique_device_health
    WHERE day >= date_format(current_date - INTERVAL '30' DAY, '%Y-%m-%d')
)
SELECT
    day, site, device,
    event_time AS reported_at,
    clock_quality,
    cpu_percent, cpu_celsius, memory_used_bytes, memory_total_bytes, disk_free_bytes, disk_total_bytes,
    gpu_name, gpu_percent, gpu_memory_used_bytes, gpu_celsius, provider,
    inference_milliseconds_p50, inference_milliseconds_p95, frames_per_second,
    spool_rows, spool_bytes, clock_offset_milliseconds, uptime_seconds, software_version,
    cpu_throttling, gpu_throttling, power_mode, load_one_minute, swap_used_bytes, gpu_memory_total_bytes,
    network_received_bytes_per_second, network_sent_bytes_per_second,
    link_down_bits_per_second, link_up_bits_per_second, time_source, hardware_model, os_release, kernel,
    jetpack_version, package_digest, packages, reboot_required, component_versions, cameras, cameras_ok,
    provider_note
FROM ranked
WHERE newest = 1
