-- name: occupancy_by_week
-- en: Occupancy of every zone and class by local week, named by its Monday, this week and the twelve before; suspect windows are left out of mean, maximum, days and minutes. Here day is that Monday
-- ko: 이번 주와 이전 12주의 구역·종류별 현지 주 단위(월요일 날짜로 표시) 점유. 평균·최댓값·일수·분 수에서 의심 구간은 제외. 여기서 day는 그 월요일
CREATE OR REPLACE VIEW occupancy_by_week AS
WITH placed AS (
    SELECT
        date_format(date_trunc('week', local_time), '%Y-%m-%d') AS local_week,
        local_day, site, camera, zone, object_class, time_zone, event_time, window_seconds,
        occupancy_mean, occupancy_maximum, entries, exits, suspect
    FROM local_zone_counts
    WHERE day >= date_format(date_trunc('week', current_date - INTERVAL '84' DAY) - INTERVAL '1' DAY, '%Y-%m-%d')
        AND local_day >= date_format(date_trunc('week', current_date - INTERVAL '84' DAY), '%Y-%m-%d')
)
SELECT
    local_week AS day,
    site, camera, zone, object_class, time_zone, local_week,
    sum(if(suspect, 0e0, occupancy_mean * window_seconds))
        / nullif(sum(if(suspect, 0e0, window_seconds)), 0e0) AS occupancy_mean,
    max(if(suspect, NULL, occupancy_maximum)) AS occupancy_maximum,
    sum(entries) AS entries,
    sum(exits) AS exits,
    count(DISTINCT if(suspect, NULL, local_day)) AS days_counted,
    count(DISTINCT if(suspect, NULL, date_trunc('minute', event_time))) AS minutes_counted,
    sum(if(suspect, window_seconds, 0e0)) / nullif(sum(window_seconds), 0e0) AS suspect_share
FROM placed
GROUP BY local_week, site, camera, zone, object_class, time_zone
