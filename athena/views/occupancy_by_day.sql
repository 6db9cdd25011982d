-- name: occupancy_by_day
-- en: Occupancy of every zone and class by local day, the last 35 days; suspect windows are left out of mean, maximum and minutes; no row means nothing was observed. Here day is the local day
-- ko: 최근 35일 구역·종류별 현지 날짜 단위 점유. 평균·최댓값·분 수에서 의심 구간은 제외, 행이 없으면 관측이 없었다는 뜻. 여기서 day는 현지 날짜
CREATE OR REPLACE VIEW occupancy_by_day AS
SELECT
    local_day AS day,
    site, camera, zone, object_class, time_zone, local_day,
    sum(if(suspect, 0e0, occupancy_mean * window_seconds))
        / nullif(sum(if(suspect, 0e0, window_seconds)), 0e0) AS occupancy_mean,
    max(if(suspect, NULL, occupancy_maximum)) AS occupancy_maximum,
    sum(entries) AS entries,
    sum(exits) AS exits,
    count(DISTINCT if(suspect, NULL, date_trunc('minute', event_time))) AS minutes_counted,
    sum(if(suspect, window_seconds, 0e0)) / nullif(sum(window_seconds), 0e0) AS suspect_share
FROM local_zone_counts
WHERE day >= date_format(current_date - INTERVAL '35' DAY, '%Y-%m-%d')
    AND local_day >= date_format(current_date - INTERVAL '34' DAY, '%Y-%m-%d')
GROUP BY local_day, site, camera, zone, object_class, time_zone
