-- What the projection keeps beside the record tables. In the intersection of MySQL 8.4 and MariaDB 10.11.

-- One row for each raw lake object that is in MySQL, written in the transaction that loaded it.
CREATE TABLE IF NOT EXISTS `load_ledger` (
    `object_key` VARCHAR(255) NOT NULL,
    `etag` VARCHAR(128) NOT NULL,
    `table_name` VARCHAR(64) NOT NULL,
    `day` DATE NOT NULL,
    `rows_in_object` BIGINT NOT NULL,
    `object_bytes` BIGINT NOT NULL,
    `loaded_at` DATETIME(3) NOT NULL,
    PRIMARY KEY (`object_key`),
    KEY `load_ledger_table_name_day` (`table_name`, `day`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The latest count of each zone and class; it only moves forward in event time.
CREATE TABLE IF NOT EXISTS `zone_live` (
    `site` VARCHAR(64) NOT NULL,
    `camera` VARCHAR(64) NOT NULL,
    `zone` VARCHAR(64) NOT NULL,
    `object_class` VARCHAR(64) NOT NULL,
    `device` VARCHAR(64) NOT NULL,
    `scene_version` VARCHAR(64) NULL,
    `time_zone` VARCHAR(64) NULL,
    `clock_quality` VARCHAR(16) NOT NULL,
    `epoch` VARCHAR(16) NOT NULL,
    `window_seconds` DOUBLE NOT NULL,
    `frames` BIGINT NOT NULL,
    `occupancy_mean` DOUBLE NOT NULL,
    `occupancy_maximum` BIGINT NOT NULL,
    `occupancy_last` BIGINT NOT NULL,
    `density_per_m2` DOUBLE NULL,
    `suspect` TINYINT(1) NOT NULL,
    `record_id` VARCHAR(200) NOT NULL,
    `sequence` BIGINT NOT NULL,
    `event_time` DATETIME(3) NOT NULL,
    PRIMARY KEY (`site`, `camera`, `zone`, `object_class`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
