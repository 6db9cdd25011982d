-- name: line_hours
-- en: Crossings of a line by hour: site, camera, line, first and last UTC day
-- ko: 한 계수선의 시간별 통과: 사이트, 카메라, 계수선, 첫 UTC 날짜와 마지막 UTC 날짜
SELECT local_hour, object_class, crossings_in, crossings_out, crossings_net
FROM line_crossings_by_hour
WHERE site = ? AND camera = ? AND line = ? AND day BETWEEN ? AND ?
ORDER BY local_hour, object_class
