-- name: line_crossings_by_hour
-- en: Crossings in, out and net of every line by local hour; an hour without a crossing has no row
-- ko: 계수선별 현지 시간대 시간 단위 진입·진출·순증. 통과가 없는 시간은 행이 없음
CREATE OR REPLACE VIEW line_crossings_by_hour AS
WITH local_crossings AS (
    SELECT
        day, site, camera, line, object_class, event_time, time_zone, direction, speed_mps, suspect,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_line_crossings
), placed AS (
    SELECT
        day, site, camera, line, object_class, time_zone, direction, speed_mps, suspect,
        date_trunc('hour', local_time) AS local_hour,
        date_add(
            'millisecond', -date_diff('millisecond', date_trunc('hour', local_time), local_time), event_time
        ) AS hour_start
    FROM local_crossings
)
SELECT
    day, site, camera, line, object_class,
    local_hour,
    hour_start,
    date_format(local_hour, '%Y-%m-%d') AS local_day,
    hour(local_hour) AS hour_of_day,
    day_of_week(local_hour) AS day_of_week,
    time_zone,
    count_if(direction = 'in') AS crossings_in,
    count_if(direction = 'out') AS crossings_out,
    count_if(direction = 'in') - count_if(direction = 'out') AS crossings_net,
    avg(speed_mps) AS speed_mps_mean,
    count_if(suspect) AS suspect_crossings
FROM placed
GROUP BY day, site, camera, line, object_class, local_hour, hour_start, time_zone
