-- name: site_events
-- en: Events of a site, one row an event, any period; an event that began before it or ended after it is shown as far as it lies in it: site, first UTC day, last UTC day
-- ko: 한 사이트의 이벤트(기간 자유, 이벤트마다 한 행. 기간 밖에서 시작하거나 끝난 것은 기간 안의 기록까지만): 사이트, 첫 UTC 날짜, 마지막 UTC 날짜
SELECT
    camera,
    arbitrary(kind) AS kind,
    arbitrary(zone) AS zone,
    arbitrary(line) AS line,
    min(started_at) AS started_at,
    max(duration_seconds) AS seconds,
    max(peak_value) AS peak_value,
    max(threshold) AS threshold,
    count_if(phase = 'end') > 0 AS ended
FROM unique_events
WHERE site = ? AND day BETWEEN ? AND ?
GROUP BY device, camera, event
ORDER BY 5, camera
