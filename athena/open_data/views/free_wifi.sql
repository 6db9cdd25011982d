-- name: free_wifi
-- en: Free public Wi-Fi: the newest file of each series
-- ko: 무료 와이파이: 계열마다 가장 새로운 파일
CREATE OR REPLACE VIEW free_wifi AS
WITH newest AS (
    SELECT series, max(loaded_at) AS loaded_at
    FROM free_wifi_files
    GROUP BY series
),
in_force AS (
    SELECT n.series AS series, n.loaded_at AS loaded_at,
        max(f.source_file) AS source_file
    FROM free_wifi_files f
    JOIN newest n ON f.series = n.series AND f.loaded_at = n.loaded_at
    GROUP BY n.series, n.loaded_at
)
SELECT
    f.day AS day,
    f.name AS name,
    f.detail AS detail,
    f.city AS city,
    f.gungu AS gungu,
    f.facility AS facility,
    f.service_provider AS service_provider,
    f.wifi_ssid AS wifi_ssid,
    f.installed_at AS installed_at,
    f.installed_at_precision AS installed_at_precision,
    f.road_name_address AS road_name_address,
    f.parcel_address AS parcel_address,
    f.management_agency AS management_agency,
    f.management_agency_phone AS management_agency_phone,
    f.latitude AS latitude,
    f.longitude AS longitude,
    f.created_at AS created_at,
    f.series AS series,
    f.source_file AS source_file,
    f.source_line AS source_line,
    f.loaded_at AS loaded_at,
    f.copy_number AS copy_number,
    f.other_columns AS other_columns
FROM free_wifi_files f
JOIN in_force i
    ON f.series = i.series AND f.loaded_at = i.loaded_at AND f.source_file = i.source_file
