-- name: wifi_most
-- en: Provinces and cities by the number of their free Wi-Fi
-- ko: 무료 와이파이가 많은 시도 순
SELECT city, entries, different_entries
FROM wifi_by_city
ORDER BY entries DESC, city
