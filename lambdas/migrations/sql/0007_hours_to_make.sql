-- Totals that are to be made: notes of `hours_due` that were taken, each camera's or box's by itself, so that one
-- that fails keeps no other out. `retry_at` (UTC) says when it is tried again. In the intersection of MySQL 8.4 and
-- MariaDB 10.11.
CREATE TABLE IF NOT EXISTS `hours_to_make` (
    `hour_start` DATETIME NOT NULL,
    `source` VARCHAR(16) NOT NULL,
    `site` VARCHAR(64) NOT NULL,
    `part` VARCHAR(64) NOT NULL,
    `attempts` INT NOT NULL,
    `retry_at` DATETIME NOT NULL,
    PRIMARY KEY (`hour_start`, `source`, `site`, `part`),
    KEY `hours_to_make_retry_at` (`retry_at`, `attempts`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
