-- name: unique_camera_status
-- en: Changes of a camera's health. Every record once
-- ko: 카메라 상태의 변화. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_camera_status AS
SELECT
    day,
    site,
    device,
    camera,
    epoch,
    stream,
    sequence,
    event_time,
    arbitrary(record_id) AS record_id,
    arbitrary(scene_version) AS scene_version,
    arbitrary(time_zone) AS time_zone,
    arbitrary(clock_quality) AS clock_quality,
    arbitrary(state) AS state,
    arbitrary(previous_state) AS previous_state,
    arbitrary(frames_per_second) AS frames_per_second,
    arbitrary(detail) AS detail
FROM stored_camera_status
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
