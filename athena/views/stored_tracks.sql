-- name: stored_tracks
-- en: One row per track and window: where it was and how it moved. Every stored row, raw or compacted: a record may be here twice
-- ko: 궤적: 궤적과 구간마다 한 행. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_tracks AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, window_seconds, track, object_class, frames, confidence_mean, box_left, box_top, box_width, box_height, image_x, image_y, ground_x_m, ground_y_m, longitude, latitude, device_height_m, device_azimuth_degrees, speed_mps, speed_uncertainty_mps, suspect
FROM tracks
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, window_seconds, track, object_class, frames, confidence_mean, box_left, box_top, box_width, box_height, image_x, image_y, ground_x_m, ground_y_m, longitude, latitude, device_height_m, device_azimuth_degrees, speed_mps, speed_uncertainty_mps, suspect
FROM compacted_tracks
