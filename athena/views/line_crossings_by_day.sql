-- name: line_crossings_by_day
-- en: Crossings of every line by local day, direction and class, the last 35 days, and how many of them were seen while the camera was suspect; a day without a crossing has no row. Here day is the local day
-- ko: 최근 35일 계수선별 현지 날짜·방향·종류 단위 통과 수와 그중 카메라 상태가 의심스러울 때의 수. 통과가 없는 날은 행이 없음. 여기서 day는 현지 날짜
CREATE OR REPLACE VIEW line_crossings_by_day AS
SELECT
    local_day AS day,
    site, camera, line, direction, object_class, time_zone, local_day,
    count(*) AS crossings,
    count_if(suspect) AS suspect_crossings
FROM local_line_crossings
WHERE day >= date_format(current_date - INTERVAL '35' DAY, '%Y-%m-%d')
    AND local_day >= date_format(current_date - INTERVAL '34' DAY, '%Y-%m-%d')
GROUP BY local_day, site, camera, line, direction, object_class, time_zone
