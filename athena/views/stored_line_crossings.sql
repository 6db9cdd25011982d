-- name: stored_line_crossings
-- en: One row for each crossing of a line. Every stored row, raw or compacted: a record may be here twice
-- ko: 계수선 통과: 통과할 때마다 한 행. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_line_crossings AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, line, direction, object_class, track, image_x, image_y, speed_mps, suspect
FROM line_crossings
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, line, direction, object_class, track, image_x, image_y, speed_mps, suspect
FROM compacted_line_crossings
