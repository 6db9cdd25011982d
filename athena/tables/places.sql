-- name: places
-- en: Places of the live map, as they are now
-- ko: 라이브 맵의 장소(지금 상태)
CREATE EXTERNAL TABLE IF NOT EXISTS `places` (
    `place_id` string COMMENT 'Identity of the place',
    `name` string COMMENT 'Name in the language of the country',
    `name_en` string COMMENT 'Name in English',
    `site` string COMMENT 'Site the place belongs to',
    `longitude` double COMMENT 'Longitude in degrees, WGS 84',
    `latitude` double COMMENT 'Latitude in degrees, WGS 84',
    `updated_at` string COMMENT 'When the place was changed last, ISO 8601 in UTC'
)
COMMENT 'Places of the live map, as they are now'
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
LOCATION 's3://${lake_bucket}/places/'
TBLPROPERTIES (
    'classification' = 'json'
)
