-- name: is_everything_here
-- en: Records of every table by UTC day, and rows stored more than once, last seven days
-- ko: 최근 7일 테이블·UTC 날짜별 레코드 수와 반복 저장된 행 수
SELECT day, table_name, records, rows_stored - records AS repeated_rows
FROM records_by_table
WHERE day >= date_format(current_date - INTERVAL '7' DAY, '%Y-%m-%d')
ORDER BY day DESC, table_name
