-- name: safety_events
-- en: One row an event (crowding, running, loitering, restricted, stopped, wrong_direction, wrong_side) of the last 63 days, with its last known value; here day is the UTC day it started. ended_at is empty while it goes on or when its end never came; seconds are those known so far
-- ko: 최근 63일의 이벤트(밀집, 뛰기, 배회, 제한 구역, 정차, 역방향, 반대쪽 통행)마다 한 행과 마지막으로 알려진 값. 여기서 day는 시작한 UTC 날짜. 진행 중이거나 끝이 오지 않았으면 ended_at이 비어 있고 seconds는 지금까지 알려진 시간
CREATE OR REPLACE VIEW safety_events AS
WITH events_once AS (
    SELECT
        site, device, camera, event,
        max(time_zone) AS time_zone,
        max(kind) AS kind,
        max(zone) AS zone,
        max(line) AS line,
        max(object_class) AS object_class,
        max(track) AS track,
        min(started_at) AS started_at,
        max(if(phase = 'end', duration_seconds, NULL)) AS whole_seconds,
        max(event_time) AS last_seen_at,
        max(duration_seconds) AS seconds,
        max(peak_value) AS peak_value,
        max(threshold) AS threshold
    FROM unique_events
    WHERE day >= date_format(current_date - INTERVAL '63' DAY, '%Y-%m-%d')
    GROUP BY site, device, camera, event
)
SELECT
    date_format(started_at, '%Y-%m-%d') AS day,
    site, device, camera, zone, line, kind, object_class, track, event, time_zone,
    started_at,
    date_add('millisecond', CAST(round(whole_seconds * 1000) AS bigint), started_at) AS ended_at,
    CAST(
        at_timezone(with_timezone(started_at, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp
    ) AS local_started_at,
    last_seen_at, seconds, peak_value, threshold
FROM events_once
