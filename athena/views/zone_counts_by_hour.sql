-- name: zone_counts_by_hour
-- en: Occupancy, entries, exits and dwell of every zone by local hour; no row means nothing was observed; sound_ leaves suspect windows out. Where local time is not a whole hour from UTC, the hour at UTC midnight is two rows to be added
-- ko: 구역별 현지 시간대 시간 단위 점유·진입·퇴장·체류. 행이 없으면 관측이 없었다는 뜻. sound_로 시작하는 열은 의심 구간을 제외한 값. UTC와 정시 차이가 아닌 시간대에서는 UTC 자정의 시간이 두 행으로 나뉘므로 합산
CREATE OR REPLACE VIEW zone_counts_by_hour AS
WITH local_windows AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds,
        entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
        dwell_seconds_sum, dwell_count, density_per_m2, suspect,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_zone_counts
), placed AS (
    SELECT
        day, site, camera, zone, object_class, time_zone, window_seconds,
        entries, exits, appeared, vanished, occupancy_mean, occupancy_maximum,
        dwell_seconds_sum, dwell_count, density_per_m2, suspect,
        date_trunc('hour', local_time) AS local_hour,
        date_add(
            'millisecond', -date_diff('millisecond', date_trunc('hour', local_time), local_time), event_time
        ) AS hour_start
    FROM local_windows
)
SELECT
    day, site, camera, zone, object_class,
    local_hour,
    hour_start,
    date_format(local_hour, '%Y-%m-%d') AS local_day,
    hour(local_hour) AS hour_of_day,
    day_of_week(local_hour) AS day_of_week,
    time_zone,
    sum(entries) AS entries,
    sum(exits) AS exits,
    sum(appeared) AS appeared,
    sum(vanished) AS vanished,
    sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean,
    max(occupancy_maximum) AS occupancy_maximum,
    sum(dwell_seconds_sum) / nullif(sum(dwell_count), 0) AS dwell_seconds_mean,
    sum(dwell_count) AS dwell_count,
    sum(density_per_m2 * window_seconds)
        / nullif(sum(if(density_per_m2 IS NULL, 0e0, window_seconds)), 0e0) AS density_per_m2,
    sum(window_seconds) AS observed_seconds,
    sum(if(suspect, window_seconds, 0e0)) / nullif(sum(window_seconds), 0e0) AS suspect_share,
    sum(if(suspect, NULL, occupancy_mean * window_seconds))
        / nullif(sum(if(suspect, 0e0, window_seconds)), 0e0) AS sound_occupancy_mean,
    max(if(suspect, NULL, occupancy_maximum)) AS sound_occupancy_maximum,
    sum(if(suspect, 0e0, window_seconds)) AS sound_seconds
FROM placed
GROUP BY day, site, camera, zone, object_class, local_hour, hour_start, time_zone
