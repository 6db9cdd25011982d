-- name: compacted_tracks
-- en: One row per track and window: where it was and how it moved. Compacted
-- ko: 궤적: 궤적과 구간마다 한 행. 압축 정리된 것
CREATE EXTERNAL TABLE IF NOT EXISTS `compacted_tracks` (
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
    `track` bigint COMMENT 'Track, unique in its epoch and camera',
    `object_class` string COMMENT 'Class of the objects',
    `frames` bigint COMMENT 'Frames of the window in which it was detected',
    `confidence_mean` double COMMENT 'Mean confidence of its detections',
    `box_left` double COMMENT 'Mean left edge of its box [px]',
    `box_top` double COMMENT 'Mean top edge of its box [px]',
    `box_width` double COMMENT 'Mean width of its box [px]',
    `box_height` double COMMENT 'Mean height of its box [px]',
    `image_x` double COMMENT 'Mean foot point, from the left edge [px]',
    `image_y` double COMMENT 'Mean foot point, from the top edge [px]',
    `ground_x_m` double COMMENT 'Mean position on the ground, where calibrated [m]',
    `ground_y_m` double COMMENT 'Mean position on the ground, where calibrated [m]',
    `longitude` double COMMENT 'Mean longitude, where the camera is located [deg]',
    `latitude` double COMMENT 'Mean latitude, where the camera is located [deg]',
    `device_height_m` double COMMENT 'Height of the camera above the ground [m]',
    `device_azimuth_degrees` double COMMENT 'Azimuth of the camera, clockwise from north [deg]',
    `speed_mps` double COMMENT 'Median ground speed, where calibrated [m/s]',
    `speed_uncertainty_mps` double COMMENT 'Width of the speed’s error: 62 to 94 % of known speeds were within it, calibration apart [m/s]',
    `suspect` boolean COMMENT 'True while the camera was not healthy'
)
COMMENT 'One row per track and window: where it was and how it moved'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/compacted/tracks/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/compacted/tracks/day=${day}/'
)
