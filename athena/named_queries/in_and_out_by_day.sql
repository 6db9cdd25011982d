-- name: in_and_out_by_day
-- en: Crossings in, out and net of every line by local day, last 31 days
-- ko: 최근 31일 계수선별 현지 날짜 단위 진입·진출·순증
SELECT
    site, camera, line, object_class, local_day,
    sum(crossings_in) AS crossings_in,
    sum(crossings_out) AS crossings_out,
    sum(crossings_net) AS crossings_net
FROM line_crossings_by_hour
WHERE day >= date_format(current_date - INTERVAL '31' DAY, '%Y-%m-%d')
GROUP BY site, camera, line, object_class, local_day
ORDER BY site, camera, line, object_class, local_day
