-- name: local_line_crossings
-- en: Every crossing of every line with its local time, day and hour. day is the UTC day: a condition on it says which days are read; ask a day more on either side for whole local days
-- ko: 모든 계수선 통과와 그 현지 시각·날짜·시간. day는 UTC 날짜이며 그 조건이 읽을 날짜를 정함. 현지 하루를 온전히 보려면 앞뒤로 하루씩 더 물을 것
CREATE OR REPLACE VIEW local_line_crossings AS
WITH placed AS (
    SELECT
        day, site, device, camera, line, direction, object_class, event_time, time_zone, speed_mps, suspect,
        CAST(at_timezone(with_timezone(event_time, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp) AS local_time
    FROM unique_line_crossings
)
SELECT
    day, site, device, camera, line, direction, object_class, event_time, time_zone,
    local_time,
    date_format(local_time, '%Y-%m-%d') AS local_day,
    date_trunc('hour', local_time) AS local_hour,
    speed_mps, suspect
FROM placed
