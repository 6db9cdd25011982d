-- name: this_week_and_last
-- en: This local week so far beside the whole week before, each by the site's own clock, by zone and class, suspect windows left out of the means; a week may have fewer days counted, and is empty where it has none
-- ko: 구역·종류별 이번 주(지금까지)와 지난주 전체 비교(주는 현장의 현지 시각 기준). 평균에서 의심 구간은 제외, 집계된 일수가 다를 수 있고 집계가 없는 주는 비어 있음
WITH placed AS (
    SELECT
        site, camera, zone, object_class, local_day, window_seconds, occupancy_mean, entries, suspect,
        CAST(date_trunc('week', local_time) AS date) AS local_week,
        CAST(
            date_trunc(
                'week',
                CAST(
                    at_timezone(with_timezone(localtimestamp, 'UTC'), coalesce(time_zone, 'UTC')) AS timestamp
                )
            ) AS date
        ) AS this_week
    FROM local_zone_counts
    -- Where it is Monday already, or Sunday still, the week is another than in UTC: a day more on either side.
    WHERE day >= date_format(date_trunc('week', current_date - INTERVAL '1' DAY) - INTERVAL '8' DAY, '%Y-%m-%d')
), sides AS (
    SELECT
        site, camera, zone, object_class, local_day, window_seconds, occupancy_mean, entries, suspect, this_week,
        local_week = this_week AS is_this_week
    FROM placed
    WHERE local_week = this_week OR local_week = this_week - INTERVAL '7' DAY
)
SELECT
    site, camera, zone, object_class,
    date_format(this_week, '%Y-%m-%d') AS local_week,
    sum(if(is_this_week AND NOT suspect, occupancy_mean * window_seconds, NULL))
        / nullif(sum(if(is_this_week AND NOT suspect, window_seconds, 0e0)), 0e0) AS occupancy_mean,
    sum(if(is_this_week OR suspect, NULL, occupancy_mean * window_seconds))
        / nullif(sum(if(is_this_week OR suspect, 0e0, window_seconds)), 0e0) AS occupancy_mean_before,
    sum(if(is_this_week, entries, NULL)) AS entries,
    sum(if(is_this_week, NULL, entries)) AS entries_before,
    count(DISTINCT if(is_this_week AND NOT suspect, local_day, NULL)) AS days_counted,
    count(DISTINCT if(is_this_week OR suspect, NULL, local_day)) AS days_counted_before
FROM sides
GROUP BY site, camera, zone, object_class, this_week
ORDER BY site, camera, zone, object_class
