-- name: wifi_by_city
-- en: Free Wi-Fi by province or city
-- ko: 시도별 무료 와이파이 수
CREATE OR REPLACE VIEW wifi_by_city AS
SELECT
    city,
    count(*) AS entries,
    count_if(copy_number = 1) AS different_entries
FROM free_wifi
GROUP BY city
