-- name: people_now
-- en: How many are in every zone now, and how old that number is
-- ko: 지금 구역마다 몇 명이 있는지와 그 값이 얼마나 오래되었는지
SELECT
    site, camera, zone, object_class, occupancy_last, occupancy_mean, density_per_m2, suspect,
    window_end, date_diff('second', window_end, localtimestamp) AS age_seconds
FROM occupancy_live
ORDER BY occupancy_last DESC, site, camera, zone
