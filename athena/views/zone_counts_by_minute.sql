-- name: zone_counts_by_minute
-- en: Occupancy, entries, exits and dwell of every zone by UTC minute; no row means nothing was observed
-- ko: 구역별 분 단위(UTC) 점유·진입·퇴장·체류. 행이 없으면 관측이 없었다는 뜻
CREATE OR REPLACE VIEW zone_counts_by_minute AS
SELECT
    day, site, camera, zone, object_class,
    date_trunc('minute', event_time) AS minute_start,
    arbitrary(time_zone) AS time_zone,
    sum(entries) AS entries,
    sum(exits) AS exits,
    sum(appeared) AS appeared,
    sum(vanished) AS vanished,
    sum(occupancy_mean * window_seconds) / nullif(sum(window_seconds), 0e0) AS occupancy_mean,
    max(occupancy_maximum) AS occupancy_maximum,
    sum(dwell_seconds_sum) / nullif(sum(dwell_count), 0) AS dwell_seconds_mean,
    sum(dwell_count) AS dwell_count,
    sum(density_per_m2 * window_seconds)
        / nullif(sum(if(density_per_m2 IS NULL, 0e0, window_seconds)), 0e0) AS density_per_m2,
    sum(window_seconds) AS observed_seconds,
    sum(if(suspect, window_seconds, 0e0)) / nullif(sum(window_seconds), 0e0) AS suspect_share
FROM unique_zone_counts
GROUP BY day, site, camera, zone, object_class, date_trunc('minute', event_time)
