-- name: missing_at_site
-- en: What is missing or unsure at a site: site, first and last UTC day
-- ko: 한 사이트의 데이터 품질 문제: 사이트, 첫 UTC 날짜와 마지막 UTC 날짜
SELECT device, camera, kind, started_at, ended_at, records, detail
FROM data_quality
WHERE site = ? AND day BETWEEN ? AND ?
ORDER BY started_at, device, camera, kind
