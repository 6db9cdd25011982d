-- name: local_zone_counts
-- en: Every window of every zone with its local day, hour and time. A condition on local_day reads that UTC day and its two neighbours; a condition on day, the UTC day, reads that day
-- ko: 모든 구역 집계 구간과 그 현지 날짜·시간. local_day 조건은 그 UTC 날짜와 앞뒤 하루만, day(UTC 날짜) 조건은 그 날짜만 읽음
CREATE OR REPLACE VIEW local_zone_counts AS
WITH local_windows AS (
    SELECT
        day, site, device, camera, zone, object_class, event_time, time_zone, window_seconds,
        entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
        dwell_seconds_sum, dwell_count, density_per_m2, suspect,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_zone_counts
)
SELECT
    day, day AS local_day, site, device, camera, zone, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, window_seconds,
    entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
    dwell_seconds_sum, dwell_count, density_per_m2, suspect
FROM local_windows
WHERE date_format(local_time, '%Y-%m-%d') = day
UNION ALL
SELECT
    day, date_format(CAST(day AS date) + INTERVAL '1' DAY, '%Y-%m-%d') AS local_day,
    site, device, camera, zone, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, window_seconds,
    entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
    dwell_seconds_sum, dwell_count, density_per_m2, suspect
FROM local_windows
WHERE date_format(local_time, '%Y-%m-%d') > day
UNION ALL
SELECT
    day, date_format(CAST(day AS date) - INTERVAL '1' DAY, '%Y-%m-%d') AS local_day,
    site, device, camera, zone, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, window_seconds,
    entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
    dwell_seconds_sum, dwell_count, density_per_m2, suspect
FROM local_windows
WHERE date_format(local_time, '%Y-%m-%d') < day
