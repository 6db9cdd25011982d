-- name: compacted_classifications
-- en: What a classifier saw in a frame, on change or at an interval. Compacted
-- ko: 분류 결과. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_classifications` (
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
    `rank` bigint COMMENT '1 for the most probable label',
    `label` string COMMENT 'Label of the model',
    `label_text` string COMMENT 'Text the project maps the label to',
    `probability` double COMMENT 'Probability, smoothed over frames'
)
COMMENT 'What a classifier saw in a frame, on change or at an interval'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/classifications/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/classifications/day=${day}/'
)
