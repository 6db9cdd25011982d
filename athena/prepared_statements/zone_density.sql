-- name: zone_density
-- en: People per square metre of a zone by local hour: site, camera, zone, first UTC day, last UTC day
-- ko: 한 구역의 현지 시간별 제곱미터당 밀도: 사이트, 카메라, 구역, 첫 UTC 날짜, 마지막 UTC 날짜
SELECT local_hour, object_class, density_mean, density_maximum, minutes_counted
FROM density_by_hour
WHERE site = ? AND camera = ? AND zone = ? AND day BETWEEN ? AND ?
ORDER BY local_hour, object_class
