-- name: local_line_crossings
-- en: Every crossing of every line with its local day, hour and time. A condition on local_day reads that UTC day and its two neighbours; a condition on day, the UTC day, reads that day
-- ko: 모든 계수선 통과와 그 현지 날짜·시간. local_day 조건은 그 UTC 날짜와 앞뒤 하루만, day(UTC 날짜) 조건은 그 날짜만 읽음
CREATE OR REPLACE VIEW local_line_crossings AS
WITH placed AS (
    SELECT
        day, site, device, camera, line, direction, object_class, event_time, time_zone, speed_mps, suspect,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_line_crossings
)
SELECT
    day, day AS local_day, site, device, camera, line, direction, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, speed_mps, suspect
FROM placed
WHERE date_format(local_time, '%Y-%m-%d') = day
UNION ALL
SELECT
    day, date_format(CAST(day AS date) + INTERVAL '1' DAY, '%Y-%m-%d') AS local_day,
    site, device, camera, line, direction, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, speed_mps, suspect
FROM placed
WHERE date_format(local_time, '%Y-%m-%d') > day
UNION ALL
SELECT
    day, date_format(CAST(day AS date) - INTERVAL '1' DAY, '%Y-%m-%d') AS local_day,
    site, device, camera, line, direction, object_class, event_time, time_zone,
    local_time, date_trunc('hour', local_time) AS local_hour, speed_mps, suspect
FROM placed
WHERE date_format(local_time, '%Y-%m-%d') < day
