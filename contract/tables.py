"""The record tables: every column a device may report, with its unit and meaning in two languages.

Columns are only ever added (with `added_in` raised together with `SCHEMA_VERSION`), never renamed or removed.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.columns import Column, added_in, boolean, integer, real, text, timestamp

SCHEMA_VERSION = 2

CLOCK_SYNCED = "synced"
CLOCK_UNSYNCED = "unsynced"
CLOCK_RESTAMPED = "restamped"
CLOCK_QUALITIES = (CLOCK_SYNCED, CLOCK_UNSYNCED, CLOCK_RESTAMPED)

RECORD_ID_MAXIMUM_LENGTH = 200

IDENTITY_COLUMNS = (
    text(
        "record_id",
        "Identity of the record: device:epoch:stream:sequence",
        "레코드 식별자: 장치:에포크:스트림:순번",
        maximum_length=RECORD_ID_MAXIMUM_LENGTH,
    ),
    text("site", "Site the device belongs to", "장치가 속한 현장"),
    text("device", "Device that made the record", "레코드를 만든 장치"),
    text(
        "camera",
        "Camera, empty for records about the device itself",
        "카메라(장치 자체 레코드는 비어 있음)",
        nullable=True,
    ),
    text(
        "epoch",
        "Random id minted at each boot and for each new spool file",
        "부팅 또는 새 스풀 파일마다 새로 만드는 임의 식별자",
        maximum_length=16,
    ),
    text(
        "stream",
        "Camera and table whose records are numbered together",
        "함께 번호를 매기는 카메라와 테이블",
        maximum_length=96,
    ),
    integer(
        "sequence",
        "1",
        "Number of the record in its epoch and stream, from 1",
        "에포크와 스트림 안에서 1부터 매긴 순번",
    ),
    text("scene_version", "Version of the scene in force", "적용 중인 장면 설정의 버전", nullable=True),
    text(
        "time_zone",
        "Time zone of the site, for local days and hours",
        "현장의 시간대(현지 날짜와 시각용)",
        nullable=True,
    ),
    timestamp(
        "event_time", "When it happened; for a window, its start", "일이 일어난 시각(구간이면 시작 시각)"
    ),
    text(
        "clock_quality",
        "synced, unsynced or restamped",
        "시계 상태: synced, unsynced, restamped",
        maximum_length=16,
    ),
)
"""On every row of every table, first and in this order."""

HEADER_COLUMNS = frozenset({"record_id", "site", "device", "camera", "epoch", "stream"})
"""Identity columns that a message carries once a block, not once a row."""


@dataclass(frozen=True)
class Table:
    """A record table.

    `own_columns` follow the identity columns. `priority` orders what a full spool drops: the highest
    number goes first, 0 last. `mysql_indexes` are the secondary indexes of the MySQL projection.
    """

    name: str
    english: str
    korean: str
    own_columns: tuple[Column, ...]
    priority: int
    mysql_indexes: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, identity first."""
        return IDENTITY_COLUMNS + self.own_columns

    @property
    def row_columns(self) -> tuple[Column, ...]:
        """The columns that a message carries row by row."""
        return tuple(column for column in self.columns if column.name not in HEADER_COLUMNS)

    def column(self, name: str) -> Column:
        """Return the column called `name`; raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_CAMERA_TIME = ("camera", "event_time")
_SITE_TIME = ("site", "event_time")

_WINDOW = real("window_seconds", "s", "Length of the window", "구간의 길이")
_OBJECT_CLASS = text("object_class", "Class of the objects", "객체의 종류")
_SUSPECT = boolean(
    "suspect", "True while the camera was not healthy", "카메라 상태가 나빠 믿기 어려운 값이면 참"
)

ZONE_COUNTS = Table(
    "zone_counts",
    "People and vehicles in a zone, one row per zone, class and window",
    "구역별 집계: 구역·종류·구간마다 한 행",
    (
        _WINDOW,
        text("zone", "Zone of the scene", "장면의 구역"),
        _OBJECT_CLASS,
        integer("frames", "1", "Frames analysed in the window", "구간에서 분석한 프레임 수"),
        real("occupancy_mean", "1", "Mean number of objects inside", "구역 안 객체 수의 평균"),
        integer(
            "occupancy_maximum", "1", "Largest number of objects inside at once", "구역 안 객체 수의 최댓값"
        ),
        integer(
            "occupancy_last", "1", "Objects inside at the end of the window", "구간 끝의 구역 안 객체 수"
        ),
        integer(
            "entries", "1", "Objects that came in over the edge of the zone", "경계를 넘어 들어온 객체 수"
        ),
        integer("exits", "1", "Objects that went out over the edge of the zone", "경계를 넘어 나간 객체 수"),
        integer("appeared", "1", "Objects first seen inside the zone", "구역 안에서 처음 나타난 객체 수"),
        integer("vanished", "1", "Objects last seen inside the zone", "구역 안에서 사라진 객체 수"),
        real(
            "dwell_seconds_sum",
            "s",
            "Time inside of the objects that left in this window",
            "이 구간에 떠난 객체의 체류 시간 합",
        ),
        integer("dwell_count", "1", "Objects that left in this window", "이 구간에 떠난 객체 수"),
        real(
            "density_per_m2",
            "1/m2",
            "Mean objects per square metre, where the area is known",
            "면적을 아는 구역의 제곱미터당 평균 객체 수",
            nullable=True,
            decimals=4,
        ),
        _SUSPECT,
    ),
    priority=0,
    mysql_indexes=(_CAMERA_TIME, _SITE_TIME),
)

LINE_CROSSINGS = Table(
    "line_crossings",
    "One row for each crossing of a line",
    "계수선 통과: 통과할 때마다 한 행",
    (
        text("line", "Line of the scene", "장면의 계수선"),
        text("direction", "in or out", "방향: in 또는 out", maximum_length=8),
        _OBJECT_CLASS,
        integer(
            "track",
            "1",
            "Track that crossed, unique in its epoch and camera",
            "통과한 궤적 번호(에포크와 카메라 안에서 유일)",
        ),
        real("image_x", "px", "Where it crossed, from the left edge", "통과 지점의 가로 좌표", decimals=1),
        real("image_y", "px", "Where it crossed, from the top edge", "통과 지점의 세로 좌표", decimals=1),
        real(
            "speed_mps",
            "m/s",
            "Ground speed while crossing, where calibrated",
            "통과 속도(보정된 카메라)",
            nullable=True,
        ),
        _SUSPECT,
    ),
    priority=0,
    mysql_indexes=(_CAMERA_TIME, _SITE_TIME),
)

TRACKS = Table(
    "tracks",
    "One row per track and window: where it was and how it moved",
    "궤적: 궤적과 구간마다 한 행",
    (
        _WINDOW,
        integer(
            "track", "1", "Track, unique in its epoch and camera", "궤적 번호(에포크와 카메라 안에서 유일)"
        ),
        _OBJECT_CLASS,
        integer("frames", "1", "Frames of the window in which it was detected", "검출된 프레임 수"),
        real("confidence_mean", "1", "Mean confidence of its detections", "검출 신뢰도 평균"),
        real("box_left", "px", "Mean left edge of its box", "상자 왼쪽 평균", decimals=1),
        real("box_top", "px", "Mean top edge of its box", "상자 위쪽 평균", decimals=1),
        real("box_width", "px", "Mean width of its box", "상자 너비 평균", decimals=1),
        real("box_height", "px", "Mean height of its box", "상자 높이 평균", decimals=1),
        real("image_x", "px", "Mean foot point, from the left edge", "발 위치의 가로 평균", decimals=1),
        real("image_y", "px", "Mean foot point, from the top edge", "발 위치의 세로 평균", decimals=1),
        real(
            "ground_x_m",
            "m",
            "Mean position on the ground, where calibrated",
            "지면 위치 x 평균",
            nullable=True,
        ),
        real(
            "ground_y_m",
            "m",
            "Mean position on the ground, where calibrated",
            "지면 위치 y 평균",
            nullable=True,
        ),
        real(
            "longitude",
            "deg",
            "Mean longitude, where the camera is located",
            "경도 평균",
            nullable=True,
            decimals=7,
        ),
        real(
            "latitude",
            "deg",
            "Mean latitude, where the camera is located",
            "위도 평균",
            nullable=True,
            decimals=7,
        ),
        real("device_height_m", "m", "Height of the camera above the ground", "카메라 높이", nullable=True),
        real(
            "device_azimuth_degrees",
            "deg",
            "Azimuth of the camera, clockwise from north",
            "카메라 방위각(북쪽에서 시계 방향)",
            nullable=True,
        ),
        real("speed_mps", "m/s", "Median ground speed, where calibrated", "지면 속도 중앙값", nullable=True),
        real(
            "speed_uncertainty_mps",
            "m/s",
            "Width of the speed's error: 62 to 94 % of known speeds were within it, calibration apart",
            "속도의 오차 폭: 시험에서 참속도의 62~94%가 이 안에 듦(보정 자체의 오차 제외)",
            nullable=True,
        ),
        _SUSPECT,
    ),
    priority=3,
    mysql_indexes=(_CAMERA_TIME,),
)

EVENTS = Table(
    "events",
    "Start, update and end of crowding, running, loitering and other events",
    "이벤트의 시작·갱신·종료",
    (
        text(
            "event",
            "Identity shared by the rows of one event",
            "한 이벤트의 행들이 함께 쓰는 식별자",
            maximum_length=128,
        ),
        text("kind", "crowding, running, loitering, …", "이벤트 종류", maximum_length=32),
        text("phase", "start, update or end", "단계: start, update, end", maximum_length=8),
        text("zone", "Zone it happened in", "발생 구역", nullable=True),
        text("line", "Line it happened at", "발생 계수선", nullable=True),
        text("object_class", "Class of the objects", "객체의 종류", nullable=True),
        integer("track", "1", "Track it is about, when it is about one", "대상 궤적", nullable=True),
        real("value", "", "Measured value, in the threshold's unit", "측정값(임계값과 같은 단위)"),
        real("threshold", "", "Threshold of the scene", "장면에 정한 임계값"),
        real("peak_value", "", "Largest value so far", "지금까지의 최댓값"),
        timestamp("started_at", "When the event started", "이벤트가 시작된 시각"),
        real("duration_seconds", "s", "Time since the start", "시작 이후 경과 시간"),
    ),
    priority=0,
    mysql_indexes=(_CAMERA_TIME, ("event",)),
)

CLASSIFICATIONS = Table(
    "classifications",
    "What a classifier saw in a frame, on change or at an interval",
    "분류 결과",
    (
        integer("rank", "1", "1 for the most probable label", "가장 확률이 높은 라벨이 1"),
        text("label", "Label of the model", "모델의 라벨", maximum_length=128),
        text(
            "label_text",
            "Text the project maps the label to",
            "프로젝트가 정한 표시 문구",
            maximum_length=128,
        ),
        real("probability", "1", "Probability, smoothed over frames", "여러 프레임에 걸쳐 다듬은 확률"),
    ),
    priority=2,
    mysql_indexes=(_CAMERA_TIME,),
)

CAMERA_STATUS = Table(
    "camera_status",
    "Changes of a camera's health",
    "카메라 상태의 변화",
    (
        text(
            "state",
            "ok, frozen, dark, over_exposed, blurred, covered, moved, slow, lost or ended",
            "상태",
            maximum_length=16,
        ),
        text("previous_state", "State before", "이전 상태", nullable=True, maximum_length=16),
        real(
            "frames_per_second",
            "1/s",
            "Frames analysed per second lately",
            "최근 초당 분석 프레임 수",
            nullable=True,
        ),
        text(
            "detail",
            "One sentence about the cause",
            "원인을 설명하는 한 문장",
            nullable=True,
            maximum_length=200,
        ),
    ),
    priority=1,
    mysql_indexes=(_CAMERA_TIME,),
)

_DEVICE_HEALTH_OF_VERSION_2 = added_in(
    2,
    text(
        "cpu_throttling",
        "Why the processor is held back now, none when it is not",
        "CPU 성능 제한 사유(없으면 none)",
        maximum_length=32,
    ),
    text(
        "gpu_throttling",
        "Why the GPU is held back now, none when it is not",
        "GPU 성능 제한 사유(없으면 none)",
        maximum_length=19,
    ),
    text(
        "power_mode",
        "Power mode of a Jetson, elsewhere the processor's frequency governor",
        "전원 모드(Jetson) 또는 CPU 주파수 조절기",
        maximum_length=18,
    ),
    real("load_one_minute", "1", "Tasks that ran or waited, mean of a minute", "1분 평균 부하"),
    integer("swap_used_bytes", "B", "Swap in use", "사용 중인 스왑"),
    integer("gpu_memory_total_bytes", "B", "GPU memory fitted", "전체 GPU 메모리"),
    real(
        "network_received_bytes_per_second",
        "B/s",
        "Received over the network since the report before, mean",
        "이전 보고 이후 네트워크 수신 속도 평균",
        decimals=0,
    ),
    real(
        "network_sent_bytes_per_second",
        "B/s",
        "Sent over the network since the report before, mean",
        "이전 보고 이후 네트워크 송신 속도 평균",
        decimals=0,
    ),
    integer(
        "link_down_bits_per_second",
        "bit/s",
        "Speed towards the device, in the report after a link test",
        "회선 시험 직후 보고의 내려받기 속도",
    ),
    integer(
        "link_up_bits_per_second",
        "bit/s",
        "Speed from the device, in the report after a link test",
        "회선 시험 직후 보고의 올려보내기 속도",
    ),
    text(
        "time_source", "Time service and the server it follows", "시각 서비스와 기준 서버", maximum_length=32
    ),
    text("hardware_model", "Model of the board or machine", "보드 또는 기기 모델", maximum_length=38),
    text("os_release", "Operating system and its release", "운영 체제와 릴리스", maximum_length=30),
    text("kernel", "Release of the kernel", "커널 릴리스", maximum_length=20),
    text(
        "jetpack_version",
        "JetPack, or Jetson Linux (L4T) where it is not installed",
        "JetPack 또는 Jetson Linux(L4T)",
        maximum_length=16,
    ),
    text(
        "package_digest",
        "Digest of all installed packages: equal on devices that have the same",
        "설치된 전체 패키지의 요약값(같은 구성이면 같음)",
        maximum_length=12,
    ),
    integer("packages", "1", "Packages installed", "설치된 패키지 수"),
    boolean("reboot_required", "True when an update waits for a restart", "업데이트가 재시작을 기다리면 참"),
    text(
        "component_versions",
        "Components and their versions, those in trouble first",
        "구성 요소와 버전(문제 있는 것부터)",
        maximum_length=85,
    ),
    integer("cameras", "1", "Cameras that should be watched", "감시해야 할 카메라 수"),
    integer("cameras_ok", "1", "Cameras of these that are well", "그중 정상인 카메라 수"),
    text(
        "provider_note",
        "Why no faster execution provider runs the detector that this device should have",
        "이 장치의 더 빠른 실행 공급자를 쓰지 못한 이유",
        maximum_length=38,
    ),
)

DEVICE_HEALTH = Table(
    "device_health",
    "How the device is: load, temperature, memory, disk, clock, spool",
    "장치 상태: 부하, 온도, 메모리, 디스크, 시계, 스풀",
    (
        real("cpu_percent", "%", "Load of all processor cores", "CPU 사용률", nullable=True, decimals=1),
        real("cpu_celsius", "°C", "Processor temperature", "CPU 온도", nullable=True, decimals=1),
        integer("memory_used_bytes", "B", "Memory in use", "사용 중인 메모리", nullable=True),
        integer("memory_total_bytes", "B", "Memory fitted", "전체 메모리", nullable=True),
        integer(
            "disk_free_bytes",
            "B",
            "Free space where the spool lies",
            "스풀이 있는 디스크의 여유 공간",
            nullable=True,
        ),
        integer("disk_total_bytes", "B", "Size of that disk", "그 디스크의 전체 용량", nullable=True),
        text("gpu_name", "Name of the GPU", "GPU 이름", nullable=True),
        real("gpu_percent", "%", "Load of the GPU", "GPU 사용률", nullable=True, decimals=1),
        integer("gpu_memory_used_bytes", "B", "GPU memory in use", "사용 중인 GPU 메모리", nullable=True),
        real("gpu_celsius", "°C", "GPU temperature", "GPU 온도", nullable=True, decimals=1),
        text("provider", "Execution provider of the detector", "검출기 실행 공급자", nullable=True),
        real("inference_milliseconds_p50", "ms", "Median inference time", "추론 시간 중앙값", nullable=True),
        real(
            "inference_milliseconds_p95",
            "ms",
            "95th percentile of the inference time",
            "추론 시간 95백분위",
            nullable=True,
        ),
        real("frames_per_second", "1/s", "Frames analysed per second", "초당 분석 프레임 수", nullable=True),
        integer(
            "spool_rows", "1", "Records waiting on the device", "장치에서 대기 중인 레코드", nullable=True
        ),
        integer("spool_bytes", "B", "Size of the spool", "스풀 크기", nullable=True),
        real("clock_offset_milliseconds", "ms", "Offset to the time source", "시각 오차", nullable=True),
        real("uptime_seconds", "s", "Time since boot", "부팅 이후 시간", nullable=True),
        text("software_version", "Version of CrowdLens", "CrowdLens 버전", nullable=True, maximum_length=32),
        *_DEVICE_HEALTH_OF_VERSION_2,
    ),
    priority=2,
    mysql_indexes=(("device", "event_time"),),
)

GAPS = Table(
    "gaps",
    "Declared losses and silences: what was dropped or not seen, and why",
    "공백 기록: 무엇을 왜 버렸거나 보지 못했는지",
    (
        text("reason", "spool_full, spool_corrupt, spool_rewound, camera_lost, …", "사유", maximum_length=32),
        text(
            "gap_stream",
            "Stream whose records are missing",
            "빠진 레코드의 스트림",
            nullable=True,
            maximum_length=96,
        ),
        text(
            "gap_epoch",
            "Epoch of the missing records",
            "빠진 레코드의 에포크",
            nullable=True,
            maximum_length=16,
        ),
        integer("first_sequence", "1", "First sequence number missing", "빠진 첫 순번", nullable=True),
        integer("last_sequence", "1", "Last sequence number missing", "빠진 마지막 순번", nullable=True),
        integer("records", "1", "Records missing, 0 for a silence", "빠진 레코드 수(침묵이면 0)"),
        timestamp("gap_start", "Start of the missing time", "공백의 시작"),
        timestamp("gap_end", "End of the missing time", "공백의 끝"),
    ),
    priority=0,
    mysql_indexes=(("device", "event_time"),),
)

STREAM_LEDGER = Table(
    "stream_ledger",
    "What a device made: per epoch, stream and UTC day; the latest row holds",
    "장치가 만든 양: 에포크·스트림·UTC 날짜별, 마지막 행이 유효",
    (
        text("ledger_stream", "Stream the row is about", "대상 스트림", maximum_length=96),
        text("ledger_epoch", "Epoch the row is about", "대상 에포크", maximum_length=16),
        text("ledger_day", "UTC day the row is about, YYYY-MM-DD", "UTC 날짜", maximum_length=10),
        integer("made", "1", "Records made that day", "그날 만든 레코드 수"),
        integer("dropped", "1", "Records of these dropped on purpose", "그중 의도적으로 버린 수"),
        integer("first_sequence", "1", "First sequence number of the day", "그날의 첫 순번"),
        integer("last_sequence", "1", "Last sequence number of the day", "그날의 마지막 순번"),
    ),
    priority=0,
    mysql_indexes=(("device", "ledger_day"),),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ZONE_COUNTS,
        LINE_CROSSINGS,
        TRACKS,
        EVENTS,
        CLASSIFICATIONS,
        CAMERA_STATUS,
        DEVICE_HEALTH,
        GAPS,
        STREAM_LEDGER,
    )
}
"""Every record table by name."""
