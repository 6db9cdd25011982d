-- name: camera_speeds
-- en: Speeds before a camera by local hour: site, camera, first UTC day, last UTC day
-- ko: 한 카메라 앞의 현지 시간별 속도: 사이트, 카메라, 첫 UTC 날짜, 마지막 UTC 날짜
SELECT local_hour, object_class, speed_mean, speed_p85, speed_maximum, tracks
FROM speed_by_hour
WHERE site = ? AND camera = ? AND day BETWEEN ? AND ?
ORDER BY local_hour, object_class
