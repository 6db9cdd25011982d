-- name: unique_stream_ledger
-- en: What a device made: per epoch, stream and UTC day; the latest row holds. Every record once
-- ko: 장치가 만든 양: 에포크·스트림·UTC 날짜별, 마지막 행이 유효. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_stream_ledger AS
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
    arbitrary(ledger_stream) AS ledger_stream,
    arbitrary(ledger_epoch) AS ledger_epoch,
    arbitrary(ledger_day) AS ledger_day,
    arbitrary(made) AS made,
    arbitrary(dropped) AS dropped,
    arbitrary(first_sequence) AS first_sequence,
    arbitrary(last_sequence) AS last_sequence
FROM stored_stream_ledger
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
