-- name: records_by_table
-- en: Rows stored and different records of every table by UTC day, to check that nothing is lost
-- ko: 테이블·UTC 날짜별 저장된 행 수와 서로 다른 레코드 수(유실 확인용)
CREATE OR REPLACE VIEW records_by_table AS
SELECT day, 'camera_status' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM camera_status
GROUP BY day
UNION ALL
SELECT day, 'classifications' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM classifications
GROUP BY day
UNION ALL
SELECT day, 'device_health' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM device_health
GROUP BY day
UNION ALL
SELECT day, 'events' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM events
GROUP BY day
UNION ALL
SELECT day, 'gaps' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM gaps
GROUP BY day
UNION ALL
SELECT day, 'line_crossings' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM line_crossings
GROUP BY day
UNION ALL
SELECT day, 'stream_ledger' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM stream_ledger
GROUP BY day
UNION ALL
SELECT day, 'tracks' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM tracks
GROUP BY day
UNION ALL
SELECT day, 'zone_counts' AS table_name, count(*) AS rows_stored, count(DISTINCT record_id) AS records
FROM zone_counts
GROUP BY day
