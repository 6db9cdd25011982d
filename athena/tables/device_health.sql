-- name: device_health
-- en: How the device is: load, temperature, memory, disk, clock, spool. As it arrived
-- ko: 장치 상태: 부하, 온도, 메모리, 디스크, 시계, 스풀. 도착한 그대로
CREATE EXTERNAL TABLE IF NOT EXISTS `device_health` (
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
    `cpu_percent` double COMMENT 'Load of all processor cores [%]',
    `cpu_celsius` double COMMENT 'Processor temperature [°C]',
    `memory_used_bytes` bigint COMMENT 'Memory in use [B]',
    `memory_total_bytes` bigint COMMENT 'Memory fitted [B]',
    `disk_free_bytes` bigint COMMENT 'Free space where the spool lies [B]',
    `disk_total_bytes` bigint COMMENT 'Size of that disk [B]',
    `gpu_name` string COMMENT 'Name of the GPU',
    `gpu_percent` double COMMENT 'Load of the GPU [%]',
    `gpu_memory_used_bytes` bigint COMMENT 'GPU memory in use [B]',
    `gpu_celsius` double COMMENT 'GPU temperature [°C]',
    `provider` string COMMENT 'Execution provider of the detector',
    `inference_milliseconds_p50` double COMMENT 'Median inference time [ms]',
    `inference_milliseconds_p95` double COMMENT '95th percentile of the inference time [ms]',
    `frames_per_second` double COMMENT 'Frames analysed per second [1/s]',
    `spool_rows` bigint COMMENT 'Records waiting on the device',
    `spool_bytes` bigint COMMENT 'Size of the spool [B]',
    `clock_offset_milliseconds` double COMMENT 'Offset to the time source [ms]',
    `uptime_seconds` double COMMENT 'Time since boot [s]',
    `software_version` string COMMENT 'Version of CrowdLens'
)
COMMENT 'How the device is: load, temperature, memory, disk, clock, spool'
PARTITIONED BY (`day` string COMMENT 'UTC day of event_time, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/raw/device_health/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/raw/device_health/day=${day}/'
)
