-- name: busiest_hours_last_week
-- en: The twenty busiest local hours of the last seven days, of hours observed for at least half
-- ko: 최근 7일 중 절반 이상 관측된 시간 가운데 가장 붐빈 현지 시간 20개
SELECT
    site, camera, zone, object_class, local_hour, occupancy_mean, occupancy_maximum, entries, exits,
    dwell_seconds_mean, observed_seconds, suspect_share
FROM zone_counts_by_hour
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
    AND observed_seconds >= 1800
ORDER BY occupancy_mean DESC, local_hour
LIMIT 20
