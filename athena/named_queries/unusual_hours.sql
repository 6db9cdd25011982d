-- name: unusual_hours
-- en: Hours since yesterday that were far from usual: at least half as many again, or half as few
-- ko: 어제부터 평소와 크게 다른 시간: 평소의 1.5배 이상이거나 절반 이하
SELECT site, camera, zone, object_class, local_hour, occupancy_mean, usual_mean, percent, weeks
FROM deviation_from_usual
WHERE day >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
    AND weeks >= 2
    AND (percent >= 150 OR percent <= 50)
ORDER BY local_hour DESC, percent DESC, site, camera, zone
