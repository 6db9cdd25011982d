-- name: dwell_by_hour
-- en: Stays in every zone by class and the local hour in which they ended, from zone_counts, suspect windows left out. dwell_seconds_mean is of those seen leaving (dwell_count), since they came in or were first seen; who is still inside or vanished there is not in it, so it is short of the truth. dwell_seconds_estimate counts their time too: all seconds spent inside, divided by those who left
-- ko: 구역·종류·현지 시간별 체류(zone_counts 기준, 의심 구간 제외). dwell_seconds_mean은 떠나는 것을 본 대상만의 평균이라 실제보다 짧음. dwell_seconds_estimate는 아직 안에 있거나 안에서 사라진 대상의 시간도 포함: 구역 안에서 보낸 모든 시간 ÷ 떠난 수
CREATE OR REPLACE VIEW dwell_by_hour AS
WITH local_windows AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds, occupancy_mean,
        dwell_seconds_sum, dwell_count, vanished,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_zone_counts
    WHERE NOT suspect
), placed AS (
    SELECT
        day, site, camera, zone, object_class, time_zone, window_seconds, occupancy_mean,
        dwell_seconds_sum, dwell_count, vanished,
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
    sum(dwell_seconds_sum) / nullif(sum(dwell_count), 0) AS dwell_seconds_mean,
    sum(dwell_count) AS dwell_count,
    sum(occupancy_mean * window_seconds) / nullif(sum(dwell_count), 0) AS dwell_seconds_estimate,
    sum(occupancy_mean * window_seconds) AS inside_seconds,
    sum(vanished) AS vanished,
    sum(window_seconds) AS observed_seconds
FROM placed
GROUP BY day, site, camera, zone, object_class, time_zone, local_hour, hour_start
