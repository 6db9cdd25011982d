-- A spool file as version 1 of its schema left it: eight records wait, four of them possibly sent, 424 were dropped.
PRAGMA application_id = 1131564147;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE claims (row_id INTEGER PRIMARY KEY);
INSERT INTO "claims" VALUES(701);
INSERT INTO "claims" VALUES(703);
INSERT INTO "claims" VALUES(704);
INSERT INTO "claims" VALUES(705);
CREATE TABLE drops (
        drop_id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, epoch TEXT, stream TEXT,
        camera TEXT, scene_version TEXT, time_zone TEXT, clock_quality TEXT NOT NULL,
        first_sequence INTEGER, last_sequence INTEGER, records INTEGER NOT NULL,
        start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL);
CREATE TABLE epochs (
        epoch_id INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, boot_id TEXT NOT NULL,
        file_number INTEGER NOT NULL, minted_at_ms INTEGER NOT NULL, unsynced_offset_ms INTEGER);
INSERT INTO "epochs" VALUES(1,'aa6b078ab251','boot-1',2213154,1795176000000,NULL);
CREATE TABLE ledger (
        stream_id INTEGER NOT NULL, day TEXT NOT NULL, made INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
        first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
        reported_made INTEGER NOT NULL DEFAULT 0, reported_dropped INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (stream_id, day)) WITHOUT ROWID;
INSERT INTO "ledger" VALUES(1,'2026-11-20',700,276,424,1,700,700,424);
INSERT INTO "ledger" VALUES(2,'2026-11-20',5,1,0,1,5,5,0);
INSERT INTO "ledger" VALUES(3,'2026-11-20',2,1,0,1,2,2,0);
INSERT INTO "ledger" VALUES(4,'2026-11-20',3,0,0,1,3,0,0);
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "properties" VALUES('device','jetson-7');
INSERT INTO "properties" VALUES('maximum_bytes','65536');
CREATE TABLE records (
        row_id INTEGER PRIMARY KEY AUTOINCREMENT, priority INTEGER NOT NULL, stream_id INTEGER NOT NULL,
        sequence INTEGER NOT NULL, shape_id INTEGER NOT NULL, event_time_ms INTEGER NOT NULL,
        clock_quality TEXT NOT NULL, payload BLOB NOT NULL);
INSERT INTO "records" VALUES(701,1,2,1,2,1795176001000,'synced',X'5B226F6B222C6E756C6C2C31302E302C22EBACB8EC9EA52031225D');
INSERT INTO "records" VALUES(703,1,2,3,2,1795176003000,'synced',X'5B226F6B222C6E756C6C2C31302E302C22EBACB8EC9EA52033225D');
INSERT INTO "records" VALUES(704,1,2,4,2,1795176004000,'synced',X'5B226F6B222C6E756C6C2C31302E302C22EBACB8EC9EA52034225D');
INSERT INTO "records" VALUES(705,1,2,5,2,1795176005000,'synced',X'5B226F6B222C6E756C6C2C31302E302C22EBACB8EC9EA52035225D');
INSERT INTO "records" VALUES(707,0,3,2,3,1795176423000,'synced',X'5B2273706F6F6C5F66756C6C222C22706C617A612D312F636C617373696669636174696F6E73222C22616136623037386162323531222C3432342C3432342C312C313739353137363432333030302C313739353137363432333030305D');
INSERT INTO "records" VALUES(708,0,4,1,4,1795176000000,'synced',X'5B22706C617A612D312F63616D6572615F737461747573222C22616136623037386162323531222C22323032362D31312D3230222C352C302C312C355D');
INSERT INTO "records" VALUES(709,0,4,2,4,1795176000000,'synced',X'5B22706C617A612D312F636C617373696669636174696F6E73222C22616136623037386162323531222C22323032362D31312D3230222C3730302C3432342C312C3730305D');
INSERT INTO "records" VALUES(710,0,4,3,4,1795176000000,'synced',X'5B22706C617A612D312F67617073222C22616136623037386162323531222C22323032362D31312D3230222C322C302C312C325D');
CREATE TABLE shapes (shape_id INTEGER PRIMARY KEY, shape TEXT NOT NULL UNIQUE);
INSERT INTO "shapes" VALUES(1,'["classifications", "plaza-1", "v1", "Asia/Seoul", ["rank", "label", "label_text", "probability"]]');
INSERT INTO "shapes" VALUES(2,'["camera_status", "plaza-1", "v1", "Asia/Seoul", ["state", "previous_state", "frames_per_second", "detail"]]');
INSERT INTO "shapes" VALUES(3,'["gaps", "plaza-1", "v1", "Asia/Seoul", ["reason", "gap_stream", "gap_epoch", "first_sequence", "last_sequence", "records", "gap_start", "gap_end"]]');
INSERT INTO "shapes" VALUES(4,'["stream_ledger", null, null, null, ["ledger_stream", "ledger_epoch", "ledger_day", "made", "dropped", "first_sequence", "last_sequence"]]');
CREATE TABLE streams (
        stream_id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, stream TEXT NOT NULL,
        last_sequence INTEGER NOT NULL, UNIQUE (epoch_id, stream));
INSERT INTO "streams" VALUES(1,1,'plaza-1/classifications',700);
INSERT INTO "streams" VALUES(2,1,'plaza-1/camera_status',5);
INSERT INTO "streams" VALUES(3,1,'plaza-1/gaps',2);
INSERT INTO "streams" VALUES(4,1,'_device/stream_ledger',3);
CREATE TABLE totals (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        waiting_rows INTEGER NOT NULL, waiting_bytes INTEGER NOT NULL);
INSERT INTO "totals" VALUES(1,8,703);
CREATE INDEX records_by_priority ON records (priority);
CREATE INDEX records_unsynced ON records (stream_id) WHERE clock_quality = 'unsynced';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('records',710);
INSERT INTO "sqlite_sequence" VALUES('drops',2);
COMMIT;
