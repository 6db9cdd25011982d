-- name: unique_tracks
-- en: One row per track and window: where it was and how it moved. Every record once
-- ko: 궤적: 궤적과 구간마다 한 행. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_tracks AS
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
    arbitrary(window_seconds) AS window_seconds,
    arbitrary(track) AS track,
    arbitrary(object_class) AS object_class,
    arbitrary(frames) AS frames,
    arbitrary(confidence_mean) AS confidence_mean,
    arbitrary(box_left) AS box_left,
    arbitrary(box_top) AS box_top,
    arbitrary(box_width) AS box_width,
    arbitrary(box_height) AS box_height,
    arbitrary(image_x) AS image_x,
    arbitrary(image_y) AS image_y,
    arbitrary(ground_x_m) AS ground_x_m,
    arbitrary(ground_y_m) AS ground_y_m,
    arbitrary(longitude) AS longitude,
    arbitrary(latitude) AS latitude,
    arbitrary(device_height_m) AS device_height_m,
    arbitrary(device_azimuth_degrees) AS device_azimuth_degrees,
    arbitrary(speed_mps) AS speed_mps,
    arbitrary(speed_uncertainty_mps) AS speed_uncertainty_mps,
    arbitrary(suspect) AS suspect
FROM stored_tracks
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
