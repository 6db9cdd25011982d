-- name: unique_line_crossings
-- en: One row for each crossing of a line. Every record once
-- ko: 계수선 통과: 통과할 때마다 한 행. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_line_crossings AS
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
    arbitrary(line) AS line,
    arbitrary(direction) AS direction,
    arbitrary(object_class) AS object_class,
    arbitrary(track) AS track,
    arbitrary(image_x) AS image_x,
    arbitrary(image_y) AS image_y,
    arbitrary(speed_mps) AS speed_mps,
    arbitrary(suspect) AS suspect
FROM stored_line_crossings
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
