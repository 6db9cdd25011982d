-- name: data_quality
-- en: One row a finding, those of one hour and reason together: declared gaps, camera faults, suspect windows and unsure clocks, and the minutes it touched. A fault without an end was still on when its UTC day ended
-- ko: 데이터 품질 문제마다 한 행(한 시간의 같은 문제는 함께): 공백, 카메라 이상, 의심 구간, 시계 이상과 걸린 분 수. 끝이 비어 있으면 UTC 날짜가 끝날 때까지 이어진 것
CREATE OR REPLACE VIEW data_quality AS
WITH camera_changes AS (
    SELECT
        day, site, device, camera, state, detail, event_time,
        lead(event_time) OVER (
            PARTITION BY day, site, camera ORDER BY event_time, sequence, record_id
        ) AS changed_at
    FROM unique_camera_status
), clocks AS (
    SELECT day, site, device, camera, event_time, clock_quality FROM unique_zone_counts
    UNION ALL
    SELECT day, site, device, camera, event_time, clock_quality FROM unique_line_crossings
    UNION ALL
    SELECT day, site, device, camera, event_time, clock_quality FROM unique_device_health
)
SELECT
    day, site, device, camera,
    'gap' AS kind,
    min(gap_start) AS started_at,
    max(gap_end) AS ended_at,
    CAST(sum(records) AS bigint) AS records,
    concat(reason, coalesce(concat(' ', gap_stream), '')) AS detail,
    CAST(sum(ceiling(date_diff('millisecond', gap_start, gap_end) / 60000e0)) AS bigint) AS minutes
FROM unique_gaps
GROUP BY day, site, device, camera, reason, gap_stream, date_trunc('hour', gap_start)
UNION ALL
SELECT
    day, site, device, camera,
    'camera_fault' AS kind,
    event_time AS started_at,
    changed_at AS ended_at,
    CAST(0 AS bigint) AS records,
    concat(state, coalesce(concat(': ', detail), '')) AS detail,
    CAST(ceiling(date_diff('millisecond', event_time, changed_at) / 60000e0) AS bigint) AS minutes
FROM camera_changes
WHERE state NOT IN ('ok', 'ended')
UNION ALL
SELECT
    day, site, device, camera,
    'suspect' AS kind,
    min(event_time) AS started_at,
    max(date_add('millisecond', CAST(round(window_seconds * 1000) AS bigint), event_time)) AS ended_at,
    count(*) AS records,
    'windows counted while the camera was not healthy' AS detail,
    count(DISTINCT date_trunc('minute', event_time)) AS minutes
FROM unique_zone_counts
WHERE suspect
GROUP BY day, site, device, camera, date_trunc('hour', event_time)
UNION ALL
SELECT
    day, site, device, camera,
    'clock' AS kind,
    min(event_time) AS started_at,
    max(event_time) AS ended_at,
    count(*) AS records,
    clock_quality AS detail,
    count(DISTINCT date_trunc('minute', event_time)) AS minutes
FROM clocks
WHERE clock_quality <> 'synced'
GROUP BY day, site, device, camera, clock_quality, date_trunc('hour', event_time)
