-- name: stored_zone_counts
-- en: People and vehicles in a zone, one row per zone, class and window. Every stored row, raw or compacted: a record may be here twice
-- ko: 구역별 집계: 구역·종류·구간마다 한 행. 원본과 압축본의 모든 행(같은 레코드가 두 번 있을 수 있음)
CREATE OR REPLACE VIEW stored_zone_counts AS
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, window_seconds, zone, object_class, frames, occupancy_mean, occupancy_maximum, occupancy_last, entries, exits, appeared, vanished, dwell_seconds_sum, dwell_count, density_per_m2, suspect
FROM zone_counts
UNION ALL
SELECT day, record_id, site, device, camera, epoch, stream, sequence, scene_version, time_zone, event_time, clock_quality, window_seconds, zone, object_class, frames, occupancy_mean, occupancy_maximum, occupancy_last, entries, exits, appeared, vanished, dwell_seconds_sum, dwell_count, density_per_m2, suspect
FROM compacted_zone_counts
