-- name: compacted_events
-- en: Start, update and end of crowding, running, loitering and other events. Compacted
-- ko: 이벤트의 시작·갱신·종료. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_events` (
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
    `event` string COMMENT 'Identity shared by the rows of one event',
    `kind` string COMMENT 'crowding, running, loitering, …',
    `phase` string COMMENT 'start, update or end',
    `zone` string COMMENT 'Zone it happened in',
    `line` string COMMENT 'Line it happened at',
    `object_class` string COMMENT 'Class of the objects',
    `track` bigint COMMENT 'Track it is about, when it is about one',
    `value` double COMMENT 'Measured value, in the threshold’s unit',
    `threshold` double COMMENT 'Threshold of the scene',
    `peak_value` double COMMENT 'Largest value so far',
    `started_at` timestamp COMMENT 'When the event started [UTC]',
    `duration_seconds` double COMMENT 'Time since the start [s]'
)
COMMENT 'Start, update and end of crowding, running, loitering and other events'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/events/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/events/day=${day}/'
)
