-- name: this_week_and_last
-- en: This local week so far beside the whole week before, by zone and class, suspect windows left out of the means; a week may have fewer days counted
-- ko: 구역·종류별 이번 주(지금까지)와 지난주 전체 비교. 평균에서 의심 구간은 제외, 집계된 일수가 다를 수 있음
WITH weeks AS (
    SELECT
        site, camera, zone, object_class,
        date_format(date_trunc('week', local_time), '%Y-%m-%d') AS local_week,
        sum(if(suspect, 0e0, occupancy_mean * window_seconds))
            / nullif(sum(if(suspect, 0e0, window_seconds)), 0e0) AS occupancy_mean,
        sum(entries) AS entries,
        count(DISTINCT if(suspect, NULL, local_day)) AS days_counted
    FROM local_zone_counts
    WHERE day >= date_format(date_trunc('week', current_date) - INTERVAL '8' DAY, '%Y-%m-%d')
        AND local_day >= date_format(date_trunc('week', current_date) - INTERVAL '7' DAY, '%Y-%m-%d')
    GROUP BY site, camera, zone, object_class, date_format(date_trunc('week', local_time), '%Y-%m-%d')
)
SELECT
    site, camera, zone, object_class,
    max(local_week) AS local_week,
    max_by(occupancy_mean, local_week) AS occupancy_mean,
    min_by(occupancy_mean, local_week) AS occupancy_mean_before,
    max_by(entries, local_week) AS entries,
    min_by(entries, local_week) AS entries_before,
    max_by(days_counted, local_week) AS days_counted,
    min_by(days_counted, local_week) AS days_counted_before
FROM weeks
GROUP BY site, camera, zone, object_class
HAVING count(*) = 2
ORDER BY site, camera, zone, object_class
