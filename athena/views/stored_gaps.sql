-- name: stored_gaps
-- en: Declared losses and silences: what was dropped or not seen, and why. Every stored row, raw or compacted: a record may be here twice
-- ko: 공백 기록: 무엇을 왜 버렸거나 보지 못했는지. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_gaps AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, reason, gap_stream, gap_epoch, first_sequence, last_sequence, records, gap_start, gap_end
FROM gaps
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, reason, gap_stream, gap_epoch, first_sequence, last_sequence, records, gap_start, gap_end
FROM compacted_gaps
