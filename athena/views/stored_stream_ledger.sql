-- name: stored_stream_ledger
-- en: What a device made: per epoch, stream and UTC day; the latest row holds. Every stored row, raw or compacted: a record may be here twice
-- ko: 장치가 만든 양: 에포크·스트림·UTC 날짜별, 마지막 행이 유효. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_stream_ledger AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, ledger_stream, ledger_epoch, ledger_day, made, dropped, first_sequence, last_sequence
FROM stream_ledger
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, ledger_stream, ledger_epoch, ledger_day, made, dropped, first_sequence, last_sequence
FROM compacted_stream_ledger
