-- name: unique_classifications
-- en: What a classifier saw in a frame, on change or at an interval. Every record once
-- ko: 분류 결과. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_classifications AS
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
    arbitrary(rank) AS rank,
    arbitrary(label) AS label,
    arbitrary(label_text) AS label_text,
    arbitrary(probability) AS probability
FROM stored_classifications
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
