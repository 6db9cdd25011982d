-- name: speed_by_hour
-- en: Ground speed in metres per second of every camera and class by local hour, from tracks of calibrated cameras, suspect windows left out: each track counts once an hour with its mean, the 85th percentile is that of tracks
-- ko: 카메라·종류·현지 시간별 지면 속도(초당 미터). 보정된 카메라의 궤적, 의심 구간 제외: 궤적마다 시간당 한 번 그 평균으로 계산하며, 85백분위는 궤적 기준
CREATE OR REPLACE VIEW speed_by_hour AS
WITH local_windows AS (
    SELECT
        day, site, device, camera, epoch, track, object_class, event_time, time_zone, window_seconds, speed_mps,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_tracks
    WHERE speed_mps IS NOT NULL AND NOT suspect
), placed AS (
    SELECT
        day, site, device, camera, epoch, track, object_class, time_zone, window_seconds, speed_mps,
        date_trunc('hour', local_time) AS local_hour,
        date_add(
            'millisecond', -date_diff('millisecond', date_trunc('hour', local_time), local_time), event_time
        ) AS hour_start
    FROM local_windows
), each_track AS (
    SELECT
        day, site, camera, object_class, time_zone, local_hour, hour_start, device, epoch, track,
        sum(speed_mps * window_seconds) / nullif(sum(window_seconds), 0e0) AS speed_mps
    FROM placed
    GROUP BY day, site, camera, object_class, time_zone, local_hour, hour_start, device, epoch, track
), ranked AS (
    SELECT
        day, site, camera, object_class, time_zone, local_hour, hour_start, speed_mps,
        row_number() OVER (
            PARTITION BY day, site, camera, object_class, time_zone, local_hour, hour_start ORDER BY speed_mps
        ) AS place,
        count(*) OVER (
            PARTITION BY day, site, camera, object_class, time_zone, local_hour, hour_start
        ) AS tracks
    FROM each_track
)
SELECT
    day, site, camera, object_class, time_zone,
    local_hour,
    hour_start,
    date_format(local_hour, '%Y-%m-%d') AS local_day,
    hour(local_hour) AS hour_of_day,
    day_of_week(local_hour) AS day_of_week,
    avg(speed_mps) AS speed_mean,
    min(if(place * 100 >= tracks * 85, speed_mps, NULL)) AS speed_p85,
    max(speed_mps) AS speed_maximum,
    count(*) AS tracks
FROM ranked
GROUP BY day, site, camera, object_class, time_zone, local_hour, hour_start
