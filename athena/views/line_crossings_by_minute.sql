-- name: line_crossings_by_minute
-- en: Crossings in, out and net of every line by UTC minute; a minute without a crossing has no row
-- ko: 계수선별 분 단위(UTC) 진입·진출·순증. 통과가 없는 분은 행이 없음
CREATE OR REPLACE VIEW line_crossings_by_minute AS
SELECT
    day, site, camera, line, object_class,
    date_trunc('minute', event_time) AS minute_start,
    arbitrary(time_zone) AS time_zone,
    count_if(direction = 'in') AS crossings_in,
    count_if(direction = 'out') AS crossings_out,
    count_if(direction = 'in') - count_if(direction = 'out') AS crossings_net,
    avg(speed_mps) AS speed_mps_mean,
    count_if(suspect) AS suspect_crossings
FROM unique_line_crossings
GROUP BY day, site, camera, line, object_class, date_trunc('minute', event_time)
