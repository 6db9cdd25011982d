-- name: what_is_missing
-- en: Gaps, camera faults, suspect windows and unsure clocks of the last seven days, newest first
-- ko: 최근 7일의 공백·카메라 이상·의심 구간·시계 이상을 최신순으로
SELECT site, device, camera, kind, started_at, ended_at, records, detail
FROM data_quality
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
ORDER BY started_at DESC, site, device, camera, kind
