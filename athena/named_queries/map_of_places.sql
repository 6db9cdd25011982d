-- name: map_of_places
-- en: The places of the live map
-- ko: 라이브 맵의 장소 목록
SELECT place_id, name, name_en, site, longitude, latitude, updated_at
FROM places
ORDER BY site, place_id
