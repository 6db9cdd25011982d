-- name: occupancy_live
-- en: Latest window of every zone and class in the last seven days; how old it may be is the reader's choice
-- ko: 구역·종류별 최근 7일 안의 마지막 집계 구간(얼마나 오래된 값까지 쓸지는 보는 쪽에서 정함)
CREATE OR REPLACE VIEW occupancy_live AS
WITH ranked AS (
    SELECT
        day, site, device, camera, zone, object_class, event_time, window_seconds,
        occupancy_mean, occupancy_maximum, occupancy_last, density_per_m2,
        suspect, clock_quality, time_zone, scene_version,
        row_number() OVER (
            PARTITION BY site, camera, zone, object_class ORDER BY event_time DESC, sequence DESC, record_id DESC
        ) AS newest
    FROM unique_zone_counts
    WHERE day >= date_format(current_date - INTERVAL '6' DAY, '%Y-%m-%d')
)
SELECT
    day, site, device, camera, zone, object_class,
    event_time AS window_start,
    date_add('millisecond', CAST(round(window_seconds * 1000) AS bigint), event_time) AS window_end,
    window_seconds, occupancy_mean, occupancy_maximum, occupancy_last, density_per_m2,
    suspect, clock_quality, time_zone, scene_version
FROM ranked
WHERE newest = 1
