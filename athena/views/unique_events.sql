-- name: unique_events
-- en: Start, update and end of crowding, running, loitering and other events. Every record once
-- ko: 이벤트의 시작·갱신·종료. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_events AS
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
    arbitrary(event) AS event,
    arbitrary(kind) AS kind,
    arbitrary(phase) AS phase,
    arbitrary(zone) AS zone,
    arbitrary(line) AS line,
    arbitrary(object_class) AS object_class,
    arbitrary(track) AS track,
    arbitrary(value) AS value,
    arbitrary(threshold) AS threshold,
    arbitrary(peak_value) AS peak_value,
    arbitrary(started_at) AS started_at,
    arbitrary(duration_seconds) AS duration_seconds
FROM stored_events
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
