-- name: peak_hours
-- en: The local hour with the highest mean occupancy of every zone, class and local day, the last 35 days; suspect windows are left out; of the hours counted at least half as long as the best counted one; of equals the first. Here day is the local day
-- ko: 최근 35일 구역·종류·현지 날짜별 평균 점유가 가장 높은 시간. 의심 구간은 제외, 그날 가장 오래 집계된 시간의 절반 이상 집계된 시간만 비교, 같으면 이른 시간. 여기서 day는 현지 날짜
CREATE OR REPLACE VIEW peak_hours AS
WITH hours AS (
    SELECT
        local_day, site, camera, zone, object_class, time_zone, local_hour,
        sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean,
        max(occupancy_maximum) AS occupancy_maximum,
        count(DISTINCT date_trunc('minute', event_time)) AS minutes_counted
    FROM local_zone_counts
    WHERE day >= date_format(current_date - INTERVAL '35' DAY, '%Y-%m-%d')
        AND local_day >= date_format(current_date - INTERVAL '34' DAY, '%Y-%m-%d')
        AND NOT suspect
    GROUP BY local_day, site, camera, zone, object_class, time_zone, local_hour
), compared AS (
    SELECT
        local_day, site, camera, zone, object_class, time_zone, local_hour,
        occupancy_mean, occupancy_maximum, minutes_counted,
        max(minutes_counted) OVER (
            PARTITION BY local_day, site, camera, zone, object_class, time_zone
        ) AS most_minutes
    FROM hours
), ranked AS (
    SELECT
        local_day, site, camera, zone, object_class, time_zone, local_hour,
        occupancy_mean, occupancy_maximum, minutes_counted,
        row_number() OVER (
            PARTITION BY local_day, site, camera, zone, object_class, time_zone
            ORDER BY occupancy_mean DESC, local_hour
        ) AS place
    FROM compared
    WHERE minutes_counted * 2 >= most_minutes
)
SELECT
    local_day AS day,
    site, camera, zone, object_class, time_zone, local_day,
    hour(local_hour) AS hour_of_day,
    local_hour, occupancy_mean, occupancy_maximum, minutes_counted
FROM ranked
WHERE place = 1
