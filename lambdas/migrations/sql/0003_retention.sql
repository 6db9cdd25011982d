-- What MySQL needs to let old days go by time, and to follow clocks that run ahead.

-- Instants that the projection remembers: until when live state is settled, when a rebuild began.
CREATE TABLE IF NOT EXISTS `projection_state` (
    `name` VARCHAR(64) NOT NULL,
    `value_time` DATETIME(3) NOT NULL,
    PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

ALTER TABLE `zone_counts` ADD KEY `zone_counts_event_time` (`event_time`);
ALTER TABLE `line_crossings` ADD KEY `line_crossings_event_time` (`event_time`);
ALTER TABLE `tracks` ADD KEY `tracks_event_time` (`event_time`);
ALTER TABLE `events` ADD KEY `events_event_time` (`event_time`);
ALTER TABLE `classifications` ADD KEY `classifications_event_time` (`event_time`);
ALTER TABLE `camera_status` ADD KEY `camera_status_event_time` (`event_time`);
ALTER TABLE `device_health` ADD KEY `device_health_event_time` (`event_time`);
ALTER TABLE `gaps` ADD KEY `gaps_event_time` (`event_time`);
ALTER TABLE `stream_ledger` ADD KEY `stream_ledger_event_time` (`event_time`);
ALTER TABLE `zone_live` ADD KEY `zone_live_event_time` (`event_time`);
