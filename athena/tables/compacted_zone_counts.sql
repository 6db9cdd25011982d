-- name: compacted_zone_counts
-- en: People and vehicles in a zone, one row per zone, class and window. Compacted
-- ko: 구역별 집계: 구역·종류·구간마다 한 행. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_zone_counts` (
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
    `window_seconds` double COMMENT 'Length of the window [s]',
    `zone` string COMMENT 'Zone of the scene',
    `object_class` string COMMENT 'Class of the objects',
    `frames` bigint COMMENT 'Frames analysed in the window',
    `occupancy_mean` double COMMENT 'Mean number of objects inside',
    `occupancy_maximum` bigint COMMENT 'Largest number of objects inside at once',
    `occupancy_last` bigint COMMENT 'Objects inside at the end of the window',
    `entries` bigint COMMENT 'Objects that came in over the edge of the zone',
    `exits` bigint COMMENT 'Objects that went out over the edge of the zone',
    `appeared` bigint COMMENT 'Objects first seen inside the zone',
    `vanished` bigint COMMENT 'Objects last seen inside the zone',
    `dwell_seconds_sum` double COMMENT 'Time inside of the objects that left in this window [s]',
    `dwell_count` bigint COMMENT 'Objects that left in this window',
    `density_per_m2` double COMMENT 'Mean objects per square metre, where the area is known [1/m2]',
    `suspect` boolean COMMENT 'True while the camera was not healthy'
)
COMMENT 'People and vehicles in a zone, one row per zone, class and window'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/zone_counts/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/zone_counts/day=${day}/'
)
