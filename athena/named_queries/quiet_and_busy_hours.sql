-- name: quiet_and_busy_hours
-- en: When every zone is usually busiest and quietest: its three first and three last hours of the week
-- ko: 구역별로 평소 가장 붐비는 시간과 가장 한산한 시간: 주간 시간 중 앞 셋과 뒤 셋
WITH ranked AS (
    SELECT
        site, camera, zone, object_class, hour_of_week, usual_mean, usual_p90, weeks,
        row_number() OVER (
            PARTITION BY site, camera, zone, object_class ORDER BY usual_mean DESC, hour_of_week
        ) AS busiest,
        row_number() OVER (
            PARTITION BY site, camera, zone, object_class ORDER BY usual_mean, hour_of_week
        ) AS quietest
    FROM usual_by_hour_of_week
)
SELECT
    site, camera, zone, object_class,
    hour_of_week / 24 + 1 AS day_of_week,
    hour_of_week % 24 AS hour_of_day,
    usual_mean, usual_p90, weeks,
    if(busiest <= 3, 'busiest', 'quietest') AS rank
FROM ranked
WHERE busiest <= 3 OR quietest <= 3
ORDER BY site, camera, zone, object_class, usual_mean DESC, hour_of_week
