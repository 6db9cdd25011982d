-- name: wifi_providers_by_city
-- en: Providers of free Wi-Fi by province or city
-- ko: 시도별 서비스 제공사
CREATE OR REPLACE VIEW wifi_providers_by_city AS
SELECT
    city, service_provider,
    count(*) AS entries,
    count_if(copy_number = 1) AS different_entries
FROM free_wifi
GROUP BY city, service_provider
