-- name: unique_gaps
-- en: Declared losses and silences: what was dropped or not seen, and why. Every record once
-- ko: 공백 기록: 무엇을 왜 버렸거나 보지 못했는지. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_gaps AS
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
    arbitrary(reason) AS reason,
    arbitrary(gap_stream) AS gap_stream,
    arbitrary(gap_epoch) AS gap_epoch,
    arbitrary(first_sequence) AS first_sequence,
    arbitrary(last_sequence) AS last_sequence,
    arbitrary(records) AS records,
    arbitrary(gap_start) AS gap_start,
    arbitrary(gap_end) AS gap_end
FROM stored_gaps
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
