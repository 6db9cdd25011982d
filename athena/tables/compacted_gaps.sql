-- name: compacted_gaps
-- en: Declared losses and silences: what was dropped or not seen, and why. Compacted
-- ko: 공백 기록: 무엇을 왜 버렸거나 보지 못했는지. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_gaps` (
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
    `reason` string COMMENT 'spool_full, spool_corrupt, spool_rewound, camera_lost, …',
    `gap_stream` string COMMENT 'Stream whose records are missing',
    `gap_epoch` string COMMENT 'Epoch of the missing records',
    `first_sequence` bigint COMMENT 'First sequence number missing',
    `last_sequence` bigint COMMENT 'Last sequence number missing',
    `records` bigint COMMENT 'Records missing, 0 for a silence',
    `gap_start` timestamp COMMENT 'Start of the missing time [UTC]',
    `gap_end` timestamp COMMENT 'End of the missing time [UTC]'
)
COMMENT 'Declared losses and silences: what was dropped or not seen, and why'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/gaps/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/gaps/day=${day}/'
)
