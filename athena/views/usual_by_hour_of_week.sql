-- name: usual_by_hour_of_week
-- en: What is usual in every zone by class and local hour of the week (0 is Monday 00 to 01): over the 28 local days before today, hours with at least 30 minutes counted, suspect windows left out, missing minutes never as zero. usual_mean is the mean of the weeks, usual_p90 what nine of ten minutes did not exceed, weeks how many hours it rests on. Here day is the last UTC day counted
-- ko: 구역·종류·현지 주간 시간(0은 월요일 0시)별 평소 인원: 오늘 이전 현지 28일, 30분 이상 집계된 시간만, 의심 구간 제외, 빠진 분은 0으로 보지 않음. usual_mean은 주별 평균의 평균, usual_p90은 열 중 아홉 분이 넘지 않은 값, weeks는 근거가 된 시간 수. 여기서 day는 마지막으로 집계된 UTC 날짜
CREATE OR REPLACE VIEW usual_by_hour_of_week AS
WITH windows AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds, occupancy_mean,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time,
        CAST(
            CAST(at_timezone(with_timezone(localtimestamp, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS date
        ) AS local_today
    FROM unique_zone_counts
    WHERE day >= date_format(current_date - INTERVAL '30' DAY, '%Y-%m-%d')
        AND NOT suspect
), minutes AS (
    SELECT
        max(day) AS day, site, camera, zone, object_class, time_zone,
        date_trunc('hour', local_time) AS local_hour,
        date_trunc('minute', event_time) AS minute_start,
        sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean
    FROM windows
    WHERE CAST(local_time AS date) >= local_today - INTERVAL '28' DAY
        AND CAST(local_time AS date) < local_today
    GROUP BY
        site, camera, zone, object_class, time_zone, date_trunc('hour', local_time),
        date_trunc('minute', event_time)
), hours AS (
    SELECT
        day, site, camera, zone, object_class, time_zone, local_hour, occupancy_mean,
        avg(occupancy_mean) OVER (
            PARTITION BY site, camera, zone, object_class, time_zone, local_hour
        ) AS hour_mean,
        count(*) OVER (PARTITION BY site, camera, zone, object_class, time_zone, local_hour) AS hour_minutes,
        row_number() OVER (
            PARTITION BY site, camera, zone, object_class, time_zone, local_hour ORDER BY minute_start
        ) AS minute_of_hour,
        (day_of_week(local_hour) - 1) * 24 + hour(local_hour) AS hour_of_week
    FROM minutes
), ranked AS (
    SELECT
        day, site, camera, zone, object_class, time_zone, hour_of_week, occupancy_mean, hour_mean, minute_of_hour,
        row_number() OVER (
            PARTITION BY site, camera, zone, object_class, time_zone, hour_of_week ORDER BY occupancy_mean
        ) AS place,
        count(*) OVER (PARTITION BY site, camera, zone, object_class, time_zone, hour_of_week) AS minutes
    FROM hours
    WHERE hour_minutes >= 30
)
SELECT
    max(day) AS day,
    site, camera, zone, object_class, time_zone, hour_of_week,
    avg(if(minute_of_hour = 1, hour_mean, NULL)) AS usual_mean,
    min(if(place * 10 >= minutes * 9, occupancy_mean, NULL)) AS usual_p90,
    count_if(minute_of_hour = 1) AS weeks,
    count(*) AS minutes_counted
FROM ranked
GROUP BY site, camera, zone, object_class, time_zone, hour_of_week
