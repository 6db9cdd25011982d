-- name: wifi_near_places
-- en: Free Wi-Fi within 1,000 m of each place of the live map, with the distance (haversine, mean radius of the earth 6,371,008.8 m)
-- ko: 라이브 맵의 장소마다 1,000 m 안에 있는 무료 와이파이와 그 거리(하버사인, 지구 평균 반지름 6,371,008.8 m)
CREATE OR REPLACE VIEW wifi_near_places AS
WITH pairs AS (
    SELECT
        p.place_id AS place_id,
        p.name AS place,
        p.name_en AS place_en,
        p.site AS site,
        w.day AS day,
        w.name AS wifi_place,
        w.detail AS detail,
        w.city AS city,
        w.gungu AS gungu,
        w.facility AS facility,
        w.service_provider AS service_provider,
        w.wifi_ssid AS wifi_ssid,
        w.installed_at AS installed_at,
        w.latitude AS latitude,
        w.longitude AS longitude,
        w.copy_number AS copy_number,
        sin(radians(w.latitude - p.latitude) / 2) AS half_north,
        sin(radians(w.longitude - p.longitude) / 2) AS half_east,
        cos(radians(w.latitude)) * cos(radians(p.latitude)) AS narrowing
    FROM places p
    JOIN free_wifi w
        ON w.latitude BETWEEN p.latitude - 1e-2 AND p.latitude + 1e-2
        AND w.longitude BETWEEN p.longitude - 2e-2 AND p.longitude + 2e-2
),
measured AS (
    SELECT
        place_id, place, place_en, site, day, wifi_place, detail, city, gungu, facility, service_provider,
        wifi_ssid, installed_at, latitude, longitude, copy_number,
        2 * 63710088e-1 * asin(least(1e0, sqrt(half_north * half_north + narrowing * half_east * half_east)))
            AS distance_metres
    FROM pairs
)
SELECT
    place_id, place, place_en, site, day, wifi_place, detail, city, gungu, facility, service_provider,
    wifi_ssid, installed_at, latitude, longitude, copy_number, distance_metres
FROM measured
WHERE distance_metres <= 1000
