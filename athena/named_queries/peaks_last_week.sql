-- name: peaks_last_week
-- en: The peak hour of every zone on each of the last seven days
-- ko: 최근 7일 구역별 하루 중 가장 붐빈 시간
SELECT site, camera, zone, object_class, local_day, hour_of_day, occupancy_mean, minutes_counted
FROM peak_hours
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
ORDER BY local_day DESC, occupancy_mean DESC, site, camera, zone
