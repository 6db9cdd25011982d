-- name: safety_last_week
-- en: Safety events of the last seven days by kind and place: how many, how long, how far over the threshold
-- ko: 최근 7일 안전 이벤트의 종류·위치별 건수, 지속 시간, 임계값 초과 정도
SELECT
    site, camera, zone, kind,
    count(*) AS events,
    count_if(ended_at IS NULL) AS without_an_end,
    sum(seconds) AS seconds,
    max(seconds) AS longest_seconds,
    max(peak_value / nullif(threshold, 0e0)) AS peak_over_threshold,
    max(started_at) AS latest
FROM safety_events
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
GROUP BY site, camera, zone, kind
ORDER BY events DESC, site, camera, zone, kind
