-- name: records_by_table
-- en: Different records of every table by UTC day, and rows stored of them: repeated deliveries, and raw rows beside their compacted copy
-- ko: 테이블·UTC 날짜별 서로 다른 레코드 수와 저장된 행 수(반복 전송과 압축본 옆에 남은 원본 포함)
CREATE OR REPLACE VIEW records_by_table AS
SELECT day, 'camera_status' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_camera_status
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'classifications' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_classifications
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'device_health' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_device_health
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'events' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_events
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'gaps' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_gaps
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'line_crossings' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_line_crossings
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'stream_ledger' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_stream_ledger
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'tracks' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_tracks
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
UNION ALL
SELECT day, 'zone_counts' AS table_name, sum(copies) AS rows_stored, count(*) AS records
FROM (
    SELECT day, count(*) AS copies
    FROM stored_zone_counts
    GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
)
GROUP BY day
