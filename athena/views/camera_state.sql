-- name: camera_state
-- en: Latest known state of every camera in the last year
-- ko: 최근 1년 안에서 카메라마다 마지막으로 알려진 상태
CREATE OR REPLACE VIEW camera_state AS
WITH ranked AS (
    SELECT
        day, site, device, camera, state, previous_state, event_time, frames_per_second, detail,
        clock_quality, time_zone, scene_version,
        row_number() OVER (
            PARTITION BY site, camera ORDER BY event_time DESC, sequence DESC, record_id DESC
        ) AS newest
    FROM unique_camera_status
    WHERE day >= date_format(current_date - INTERVAL '365' DAY, '%Y-%m-%d')
)
SELECT
    day, site, device, camera, state, previous_state,
    event_time AS since,
    frames_per_second, detail, clock_quality, time_zone, scene_version
FROM ranked
WHERE newest = 1
