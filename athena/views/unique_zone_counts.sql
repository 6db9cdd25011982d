-- name: unique_zone_counts
-- en: People and vehicles in a zone, one row per zone, class and window. Every record once
-- ko: 구역별 집계: 구역·종류·구간마다 한 행. 중복 없이 레코드마다 한 번
CREATE OR REPLACE VIEW unique_zone_counts AS
SELECT
    day,
    site,
    device,
    camera,
    epoch,
    stream,
    sequence,
    event_time,
    arbitrary(record_id) AS record_id,
    arbitrary(scene_version) AS scene_version,
    arbitrary(time_zone) AS time_zone,
    arbitrary(clock_quality) AS clock_quality,
    arbitrary(window_seconds) AS window_seconds,
    arbitrary(zone) AS zone,
    arbitrary(object_class) AS object_class,
    arbitrary(frames) AS frames,
    arbitrary(occupancy_mean) AS occupancy_mean,
    arbitrary(occupancy_maximum) AS occupancy_maximum,
    arbitrary(occupancy_last) AS occupancy_last,
    arbitrary(entries) AS entries,
    arbitrary(exits) AS exits,
    arbitrary(appeared) AS appeared,
    arbitrary(vanished) AS vanished,
    arbitrary(dwell_seconds_sum) AS dwell_seconds_sum,
    arbitrary(dwell_count) AS dwell_count,
    arbitrary(density_per_m2) AS density_per_m2,
    arbitrary(suspect) AS suspect
FROM stored_zone_counts
GROUP BY day, site, device, camera, epoch, stream, sequence, event_time
