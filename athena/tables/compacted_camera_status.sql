-- name: compacted_camera_status
-- en: Changes of a camera's health. Compacted
-- ko: 카메라 상태의 변화. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_camera_status` (
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
    `state` string COMMENT 'ok, frozen, dark, over_exposed, blurred, covered, moved, slow, lost or ended',
    `previous_state` string COMMENT 'State before',
    `frames_per_second` double COMMENT 'Frames analysed per second lately [1/s]',
    `detail` string COMMENT 'One sentence about the cause'
)
COMMENT 'Changes of a camera’s health'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/camera_status/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/camera_status/day=${day}/'
)
