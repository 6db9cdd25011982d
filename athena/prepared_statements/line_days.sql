-- name: line_days
-- en: Crossings of a line by local day and direction, any period: site, camera, line, first local day, last local day, that first day again, that last day again
-- ko: 한 계수선의 현지 날짜·방향별 통과(기간 자유): 사이트, 카메라, 계수선, 첫 현지 날짜, 마지막 현지 날짜, 첫 날짜 한 번 더, 마지막 날짜 한 번 더
SELECT
    local_day, direction, object_class,
    count(*) AS crossings,
    count_if(suspect) AS suspect_crossings
FROM local_line_crossings
WHERE site = ? AND camera = ? AND line = ?
    AND local_day BETWEEN ? AND ?
    AND day BETWEEN date_format(CAST(? AS date) - INTERVAL '1' DAY, '%Y-%m-%d')
        AND date_format(CAST(? AS date) + INTERVAL '1' DAY, '%Y-%m-%d')
GROUP BY local_day, direction, object_class
ORDER BY local_day, direction, object_class
