-- name: stored_events
-- en: Start, update and end of crowding, running, loitering and other events. Every stored row, raw or compacted: a record may be here twice
-- ko: 이벤트의 시작·갱신·종료. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_events AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, event, kind, phase, zone, line, object_class, track, value, threshold, peak_value, started_at, duration_seconds
FROM events
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, event, kind, phase, zone, line, object_class, track, value, threshold, peak_value, started_at, duration_seconds
FROM compacted_events
