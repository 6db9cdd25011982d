-- name: compacted_stream_ledger
-- en: What a device made: per epoch, stream and UTC day; the latest row holds. Compacted
-- ko: 장치가 만든 양: 에포크·스트림·UTC 날짜별, 마지막 행이 유효. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_stream_ledger` (
    `record_id` string COMMENT 'Identity of the record: device:epoch:stream:sequence',
    `site` string COMMENT 'Site the device belongs to',
    `device` string COMMENT 'Device that made the record',
    `camera` string COMMENT 'Camera, empty for records about the device itself',
    `epoch` string COMMENT 'Random id minted at each boot and for each new spool file',
    `stream` string COMMENT 'Camera and table whose records are numbered together',
    `sequence` bigint COMMENT 'Number of the record in its epoch and stream, from 1',
    `scene_version` string COMMENT 'Version of the scene in force',
    `time_zone` string COMMENT 'Time zone of the site, for local days and hours',
    `event_time` timestamp COMMENT 'When it happened; for a window, its start [UTC]',
    `clock_quality` string COMMENT 'synced, unsynced or restamped',
    `ledger_stream` string COMMENT 'Stream the row is about',
    `ledger_epoch` string COMMENT 'Epoch the row is about',
    `ledger_day` string COMMENT 'UTC day the row is about, YYYY-MM-DD',
    `made` bigint COMMENT 'Records made that day',
    `dropped` bigint COMMENT 'Records of these dropped on purpose',
    `first_sequence` bigint COMMENT 'First sequence number of the day',
    `last_sequence` bigint COMMENT 'Last sequence number of the day'
)
COMMENT 'What a device made: per epoch, stream and UTC day; the latest row holds'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/stream_ledger/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/stream_ledger/day=${day}/'
)
