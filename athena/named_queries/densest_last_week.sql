-- name: densest_last_week
-- en: The twenty densest local hours of the last seven days, of hours counted for at least half
-- ko: 최근 7일 중 절반 이상 집계된 시간 가운데 제곱미터당 밀도가 가장 높은 현지 시간 20개
SELECT site, camera, zone, object_class, local_hour, density_mean, density_maximum, minutes_counted
FROM density_by_hour
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
    AND minutes_counted >= 30
ORDER BY density_mean DESC, local_hour
LIMIT 20
