-- name: deviation_from_usual
-- en: Every zone, class and local hour of today and the seven local days before, beside what was usual as of that day: the mean of the same hour of the week one to four weeks earlier. Hours with at least 30 minutes counted, suspect windows left out; no usual where no week had one. percent is 100 at the usual
-- ko: 오늘과 이전 현지 7일의 구역·종류·시간별 점유와 그날 기준 평소 값(1~4주 전 같은 요일·시간의 평균). 30분 이상 집계된 시간만, 의심 구간 제외, 근거가 없으면 평소 값도 비어 있음. percent는 평소와 같으면 100
CREATE OR REPLACE VIEW deviation_from_usual AS
WITH windows AS (
    SELECT
        day, site, camera, zone, object_class, event_time, time_zone, window_seconds, occupancy_mean,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time,
        CAST(
            CAST(at_timezone(with_timezone(localtimestamp, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS date
        ) AS local_today
    FROM unique_zone_counts
    WHERE day >= date_format(current_date - INTERVAL '37' DAY, '%Y-%m-%d')
        AND NOT suspect
), minutes AS (
    SELECT
        min(day) AS day, site, camera, zone, object_class, time_zone, local_today,
        date_trunc('hour', local_time) AS local_hour,
        date_trunc('minute', event_time) AS minute_start,
        sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean
    FROM windows
    GROUP BY
        site, camera, zone, object_class, time_zone, local_today, date_trunc('hour', local_time),
        date_trunc('minute', event_time)
), hours AS (
    SELECT
        min(day) AS day, site, camera, zone, object_class, time_zone, local_today, local_hour,
        avg(occupancy_mean) AS occupancy_mean,
        count(*) AS minutes_counted
    FROM minutes
    GROUP BY site, camera, zone, object_class, time_zone, local_today, local_hour
    HAVING count(*) >= 30
), compared AS (
    SELECT
        day, site, camera, zone, object_class, time_zone, local_today, local_hour, occupancy_mean, minutes_counted,
        date_add('day', 7 * weeks_later, local_hour) AS compared_hour,
        weeks_later
    FROM hours
    CROSS JOIN (VALUES 0, 1, 2, 3, 4) AS shifts (weeks_later)
), beside AS (
    SELECT
        max(if(weeks_later = 0, day, NULL)) AS day,
        site, camera, zone, object_class, time_zone, compared_hour,
        max(if(weeks_later = 0, occupancy_mean, NULL)) AS occupancy_mean,
        avg(if(weeks_later > 0, occupancy_mean, NULL)) AS usual_mean,
        count_if(weeks_later > 0) AS weeks,
        max(if(weeks_later = 0, minutes_counted, NULL)) AS minutes_counted
    FROM compared
    WHERE CAST(compared_hour AS date) >= local_today - INTERVAL '7' DAY
    GROUP BY site, camera, zone, object_class, time_zone, compared_hour
)
SELECT
    day, site, camera, zone, object_class, time_zone,
    compared_hour AS local_hour,
    date_format(compared_hour, '%Y-%m-%d') AS local_day,
    hour(compared_hour) AS hour_of_day,
    (day_of_week(compared_hour) - 1) * 24 + hour(compared_hour) AS hour_of_week,
    occupancy_mean,
    usual_mean,
    100 * occupancy_mean / nullif(usual_mean, 0e0) AS percent,
    weeks,
    minutes_counted
FROM beside
WHERE minutes_counted > 0
