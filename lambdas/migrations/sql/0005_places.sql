-- The places of the live map, what feeds them, and what is usual there. In the intersection of MySQL 8.4 and
-- MariaDB 10.11.

-- A place as people made it: nothing can give it back, so a rebuild from the lake never drops it.
CREATE TABLE IF NOT EXISTS `places` (
    `id` VARCHAR(64) NOT NULL,
    `name` VARCHAR(100) NOT NULL,
    `name_en` VARCHAR(100) NULL,
    `site` VARCHAR(64) NOT NULL,
    `time_zone` VARCHAR(64) NULL,
    `longitude` DOUBLE NOT NULL,
    `latitude` DOUBLE NOT NULL,
    `manual_usual` DOUBLE NULL,
    `photo_digest` CHAR(64) NULL,
    `photo_type` VARCHAR(16) NULL,
    `version` BIGINT NOT NULL,
    `updated_at` DATETIME(3) NOT NULL,
    `updated_by` VARCHAR(128) NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What feeds a place: a zone of a camera, or a box on the map with the azimuths of the cameras that look there.
CREATE TABLE IF NOT EXISTS `place_feeds` (
    `place_id` VARCHAR(64) NOT NULL,
    `number` INT NOT NULL,
    `kind` VARCHAR(8) NOT NULL,
    `site` VARCHAR(64) NOT NULL,
    `camera` VARCHAR(64) NULL,
    `zone` VARCHAR(64) NULL,
    `device` VARCHAR(64) NULL,
    `west` DOUBLE NULL,
    `south` DOUBLE NULL,
    `east` DOUBLE NULL,
    `north` DOUBLE NULL,
    `azimuth_from` DOUBLE NULL,
    `azimuth_to` DOUBLE NULL,
    `object_classes` VARCHAR(1000) NOT NULL,
    PRIMARY KEY (`place_id`, `number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a zone counted in an hour that began at `hour_start` (UTC), over the seconds of windows that were not
-- suspect: kept for weeks, when the rows it was made from are long gone.
CREATE TABLE IF NOT EXISTS `zone_hours` (
    `site` VARCHAR(64) NOT NULL,
    `camera` VARCHAR(64) NOT NULL,
    `zone` VARCHAR(64) NOT NULL,
    `object_class` VARCHAR(64) NOT NULL,
    `hour_start` DATETIME NOT NULL,
    `seconds` DOUBLE NOT NULL,
    `occupancy_seconds` DOUBLE NOT NULL,
    `occupancy_maximum` BIGINT NOT NULL,
    `suspect_seconds` DOUBLE NOT NULL,
    PRIMARY KEY (`site`, `camera`, `zone`, `object_class`, `hour_start`),
    KEY `zone_hours_hour_start` (`hour_start`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The same for a box; `box` is a digest of its edges, azimuths and classes, so a box that changed begins anew.
CREATE TABLE IF NOT EXISTS `box_hours` (
    `box` CHAR(32) NOT NULL,
    `hour_start` DATETIME NOT NULL,
    `seconds` DOUBLE NOT NULL,
    `occupancy_seconds` DOUBLE NOT NULL,
    `occupancy_maximum` BIGINT NOT NULL,
    PRIMARY KEY (`box`, `hour_start`),
    KEY `box_hours_hour_start` (`hour_start`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Hours whose rows changed since their totals were made; written with the rows, in one transaction.
CREATE TABLE IF NOT EXISTS `hours_due` (
    `hour_start` DATETIME NOT NULL,
    `source` VARCHAR(16) NOT NULL,
    `site` VARCHAR(64) NOT NULL,
    `camera` VARCHAR(64) NOT NULL,
    PRIMARY KEY (`hour_start`, `source`, `site`, `camera`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
