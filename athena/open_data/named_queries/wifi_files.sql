-- name: wifi_files
-- en: Every file of free Wi-Fi that was loaded, the newest first, with its rows
-- ko: 불러온 무료 와이파이 파일(최신순)과 행 수
SELECT series, source_file, loaded_at, count(*) AS entries
FROM free_wifi_files
GROUP BY series, source_file, loaded_at
ORDER BY loaded_at DESC, source_file
