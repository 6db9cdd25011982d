-- Boxes on the map read the newest tracks of one site: without this key they would read those of every site.
ALTER TABLE `tracks` ADD KEY `tracks_site_event_time` (`site`, `event_time`);
