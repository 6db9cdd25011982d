-- name: safety_events
-- en: One row an event (crowding, running, loitering, restricted, stopped, wrong_direction, wrong_side), with its last known value; here day is the UTC day it started. ended_at is empty while it goes on; what happens more than three UTC days after the start is not looked for
-- ko: 이벤트(밀집, 뛰기, 배회, 제한 구역, 정차, 역방향, 역주행 쪽)마다 한 행과 마지막으로 알려진 값. 여기서 day는 시작한 UTC 날짜. ended_at이 비어 있으면 진행 중이며, 시작 후 UTC 3일이 지난 기록은 찾지 않음
CREATE OR REPLACE VIEW safety_events AS
WITH phases AS (
    SELECT
        day AS started_day, site, device, camera, time_zone, event, kind, zone, line, object_class, track,
        event_time, phase, threshold, peak_value, started_at, duration_seconds
    FROM unique_events
    WHERE date_format(started_at, '%Y-%m-%d') >= day
    UNION ALL
    SELECT
        date_format(CAST(day AS date) - INTERVAL '1' DAY, '%Y-%m-%d') AS started_day,
        site, device, camera, time_zone, event, kind, zone, line, object_class, track,
        event_time, phase, threshold, peak_value, started_at, duration_seconds
    FROM unique_events
    WHERE date_format(started_at, '%Y-%m-%d') = date_format(CAST(day AS date) - INTERVAL '1' DAY, '%Y-%m-%d')
    UNION ALL
    SELECT
        date_format(CAST(day AS date) - INTERVAL '2' DAY, '%Y-%m-%d') AS started_day,
        site, device, camera, time_zone, event, kind, zone, line, object_class, track,
        event_time, phase, threshold, peak_value, started_at, duration_seconds
    FROM unique_events
    WHERE date_format(started_at, '%Y-%m-%d') = date_format(CAST(day AS date) - INTERVAL '2' DAY, '%Y-%m-%d')
    UNION ALL
    SELECT
        date_format(CAST(day AS date) - INTERVAL '3' DAY, '%Y-%m-%d') AS started_day,
        site, device, camera, time_zone, event, kind, zone, line, object_class, track,
        event_time, phase, threshold, peak_value, started_at, duration_seconds
    FROM unique_events
    WHERE date_format(started_at, '%Y-%m-%d') = date_format(CAST(day AS date) - INTERVAL '3' DAY, '%Y-%m-%d')
)
SELECT
    started_day AS day,
    site, device, camera, event,
    arbitrary(time_zone) AS time_zone,
    arbitrary(kind) AS kind,
    arbitrary(zone) AS zone,
    arbitrary(line) AS line,
    arbitrary(object_class) AS object_class,
    arbitrary(track) AS track,
    min(started_at) AS started_at,
    max(if(phase = 'end', date_add('millisecond', CAST(round(duration_seconds * 1000) AS bigint), started_at), NULL))
        AS ended_at,
    max(event_time) AS last_seen_at,
    max(duration_seconds) AS seconds,
    max(peak_value) AS peak_value,
    max(threshold) AS threshold,
    CAST(
        at_timezone(with_timezone(min(started_at), 'UTC'), coalesce(arbitrary(time_zone), 'UTC')) AS timestamp
    ) AS local_started_at
FROM phases
GROUP BY started_day, site, device, camera, event
