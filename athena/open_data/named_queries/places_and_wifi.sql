-- name: places_and_wifi
-- en: How many free Wi-Fi each place has within 100, 300 and 1,000 m, places with the fewest first
-- ko: 장소마다 100, 300, 1,000 m 안의 무료 와이파이 수(적은 곳부터)
SELECT
    p.site,
    p.name AS place,
    count(*) FILTER (WHERE w.distance_metres <= 100) AS within_100_metres,
    count(*) FILTER (WHERE w.distance_metres <= 300) AS within_300_metres,
    count(w.distance_metres) AS within_1000_metres,
    min(w.distance_metres) AS nearest_metres
FROM places p
LEFT JOIN wifi_near_places w ON w.place_id = p.place_id
GROUP BY p.site, p.place_id, p.name
ORDER BY within_300_metres, p.site, place
