-- name: density_by_hour
-- en: Objects per square metre of every zone and class by local hour, suspect windows left out: mean over time, and the largest mean of a window. Only zones whose area is known; entries by hour are in zone_counts_by_hour
-- ko: 구역·종류별 현지 시간 단위 제곱미터당 밀도(의심 구간 제외): 시간 평균과 구간 평균의 최댓값. 면적을 아는 구역만
CREATE OR REPLACE VIEW density_by_hour AS
WITH local_windows AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds, density_per_m2,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_zone_counts
    WHERE density_per_m2 IS NOT NULL AND NOT suspect
), placed AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds, density_per_m2,
        date_trunc('hour', local_time) AS local_hour,
        date_add(
            'millisecond', -date_diff('millisecond', date_trunc('hour', local_time), local_time), event_time
        ) AS hour_start
    FROM local_windows
)
SELECT
    day, site, camera, zone, object_class, time_zone,
    local_hour,
    hour_start,
    date_format(local_hour, '%Y-%m-%d') AS local_day,
    hour(local_hour) AS hour_of_day,
    day_of_week(local_hour) AS day_of_week,
    sum(density_per_m2 * window_seconds) / nullif(sum(window_seconds), 0e0) AS density_mean,
    max(density_per_m2) AS density_maximum,
    count(DISTINCT date_trunc('minute', event_time)) AS minutes_counted
FROM placed
GROUP BY day, site, camera, zone, object_class, time_zone, local_hour, hour_start
