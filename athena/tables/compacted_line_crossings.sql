-- name: compacted_line_crossings
-- en: One row for each crossing of a line. Compacted
-- ko: 계수선 통과: 통과할 때마다 한 행. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_line_crossings` (
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
    `line` string COMMENT 'Line of the scene',
    `direction` string COMMENT 'in or out',
    `object_class` string COMMENT 'Class of the objects',
    `track` bigint COMMENT 'Track that crossed, unique in its epoch and camera',
    `image_x` double COMMENT 'Where it crossed, from the left edge [px]',
    `image_y` double COMMENT 'Where it crossed, from the top edge [px]',
    `speed_mps` double COMMENT 'Ground speed while crossing, where calibrated [m/s]',
    `suspect` boolean COMMENT 'True while the camera was not healthy'
)
COMMENT 'One row for each crossing of a line'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/line_crossings/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/line_crossings/day=${day}/'
)
