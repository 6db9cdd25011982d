-- name: free_wifi_files
-- en: Free public Wi-Fi: every file
-- ko: 무료 와이파이: 모든 파일
CREATE EXTERNAL TABLE IF NOT EXISTS `free_wifi_files` (
    `name` string COMMENT 'Place (설치장소명)',
    `detail` string COMMENT 'Where in the place (설치장소상세)',
    `city` string COMMENT 'Province or city (설치시도명)',
    `gungu` string COMMENT 'District (설치시군구명)',
    `facility` string COMMENT 'Kind of facility (설치시설구분)',
    `service_provider` string COMMENT 'Provider (서비스제공사명)',
    `wifi_ssid` string COMMENT 'SSID (와이파이SSID)',
    `installed_at` date COMMENT 'Installed (설치년월)',
    `installed_at_precision` string COMMENT 'Installed: day, month or year was written',
    `road_name_address` string COMMENT 'Road-name address (소재지도로명주소)',
    `parcel_address` string COMMENT 'Parcel address (소재지지번주소)',
    `management_agency` string COMMENT 'Managing agency (관리기관명)',
    `management_agency_phone` string COMMENT 'Telephone (관리기관전화번호)',
    `latitude` double COMMENT 'Latitude (위도)',
    `longitude` double COMMENT 'Longitude (경도)',
    `created_at` date COMMENT 'Date of the data (데이터기준일자)',
    `series` string COMMENT 'Which series of files; the newest of a series is in force',
    `source_file` string COMMENT 'The file it came from',
    `source_line` bigint COMMENT 'The line of that file it begins in',
    `loaded_at` timestamp COMMENT 'When that file was loaded, UTC',
    `copy_number` bigint COMMENT '1 for the first of equal rows, 2 for the next',
    `other_columns` string COMMENT 'JSON of columns that the profile does not know'
)
COMMENT 'Free public Wi-Fi'
PARTITIONED BY (`day` string COMMENT 'UTC day of loaded_at, YYYY-MM-DD')
STORED AS PARQUET
LOCATION 's3://${lake_bucket}/open_data/free_wifi/'
TBLPROPERTIES (
    'classification' = 'parquet',
    'parquet.compression' = 'SNAPPY',
    'projection.enabled' = 'true',
    'projection.day.type' = 'date',
    'projection.day.format' = 'yyyy-MM-dd',
    'projection.day.range' = '2024-01-01,NOW+2DAYS',
    'projection.day.interval' = '1',
    'projection.day.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://${lake_bucket}/open_data/free_wifi/day=${day}/'
)
