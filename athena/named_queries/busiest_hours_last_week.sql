-- name: busiest_hours_last_week
-- en: The twenty busiest local hours of the last seven days, of hours counted for at least half, suspect windows left out of mean, maximum and seconds
-- ko: 최근 7일 중 절반 이상 집계된 시간 가운데 가장 붐빈 현지 시간 20개. 평균·최댓값·집계 시간에서 의심 구간은 제외
SELECT
    site, camera, zone, object_class, local_hour,
    sound_occupancy_mean AS occupancy_mean,
    sound_occupancy_maximum AS occupancy_maximum,
    entries, exits, dwell_seconds_mean,
    sound_seconds AS counted_seconds,
    suspect_share
FROM zone_counts_by_hour
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
    AND sound_seconds >= 1800
ORDER BY sound_occupancy_mean DESC, local_hour
LIMIT 20
