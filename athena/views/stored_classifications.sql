-- name: stored_classifications
-- en: What a classifier saw in a frame, on change or at an interval. Every stored row, raw or compacted: a record may be here twice
-- ko: 분류 결과. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_classifications AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, rank, label, label_text, probability
FROM classifications
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, rank, label, label_text, probability
FROM compacted_classifications
