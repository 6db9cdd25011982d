-- name: stored_camera_status
-- en: Changes of a camera's health. Every stored row, raw or compacted: a record may be here twice
-- ko: 카메라 상태의 변화. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_camera_status AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, state, previous_state, frames_per_second, detail
FROM camera_status
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, state, previous_state, frames_per_second, detail
FROM compacted_camera_status
