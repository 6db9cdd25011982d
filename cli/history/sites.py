"""The sites, devices and cameras of a simulated history, and the places of the live map they feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.history.kinds import KINDS, Kind, scene_document
from contract.scene import Scene, parse_scene

CAMERAS_PER_DEVICE = 3
_TIME_ZONES = {"newyork": "America/New_York"}


@dataclass(frozen=True)
class Spot:
    """Where a camera of the history hangs: city, kind of scene, the place's names, longitude and latitude."""

    city: str
    kind: str
    name: str
    name_en: str
    longitude: float
    latitude: float


SPOTS = (
    Spot("seoul", "plaza", "서울광장", "Seoul Plaza", 126.97796, 37.56554),
    Spot("seoul", "school", "누리초등학교 계단(가상)", "Nuri School stairs (fictional)", 127.04170, 37.54450),
    Spot("busan", "gate", "부산역 광장 출구", "Busan Station gate", 129.04170, 35.11520),
    Spot("jeju", "crossing", "제주시청 앞 횡단보도", "Jeju City Hall crossing", 126.53120, 33.49960),
    Spot("newyork", "plaza", "유니언스퀘어", "Union Square", -73.99040, 40.73590),
    Spot("seoul", "plaza", "광화문광장", "Gwanghwamun Square", 126.97690, 37.57240),
    Spot("seoul", "gate", "강남역 11번 출구", "Gangnam Station exit 11", 127.02820, 37.49850),
    Spot("seoul", "crossing", "세종대로 사거리", "Sejong-daero crossing", 126.97680, 37.56980),
    Spot("busan", "plaza", "해운대 광장", "Haeundae Plaza", 129.15950, 35.15870),
    Spot("busan", "school", "바다초등학교 계단(가상)", "Bada School stairs (fictional)", 129.11300, 35.15600),
    Spot("jeju", "plaza", "탑동광장", "Tapdong Plaza", 126.52440, 33.51720),
    Spot("newyork", "gate", "브라이언트파크 입구", "Bryant Park gate", -73.98320, 40.75360),
    Spot("seoul", "gate", "홍대입구역 9번 출구", "Hongik Univ. Station exit 9", 126.92370, 37.55620),
    Spot("seoul", "plaza", "동대문디자인플라자", "Dongdaemun Design Plaza", 127.00950, 37.56650),
    Spot("busan", "plaza", "BIFF 광장", "BIFF Square", 129.02780, 35.09860),
    Spot("newyork", "crossing", "타임스스퀘어 횡단보도", "Times Square crossing", -73.98550, 40.75800),
    Spot("busan", "crossing", "서면 교차로", "Seomyeon crossing", 129.05930, 35.15770),
    Spot("seoul", "crossing", "여의도공원 횡단보도", "Yeouido Park crossing", 126.92230, 37.52560),
    Spot("jeju", "gate", "동문시장 입구", "Dongmun Market gate", 126.52620, 33.51170),
    Spot("newyork", "plaza", "워싱턴스퀘어", "Washington Square", -73.99730, 40.73080),
)
"""In this order cameras are hung up; more cameras than spots make further sites of the same cities."""


@dataclass(frozen=True)
class SimulatedCamera:
    """A camera of the history, its device and its scene file."""

    site: str
    device: str
    name: str
    spot: Spot
    copy: int

    @property
    def kind(self) -> Kind:
        """The kind of scene it sees."""
        return KINDS[self.spot.kind]

    @property
    def time_zone(self) -> str:
        """The site's time zone."""
        return _TIME_ZONES.get(self.spot.city, "Asia/Seoul")

    @cached_property
    def document(self) -> dict[str, Any]:
        """The scene file."""
        return scene_document(
            self.kind,
            site=self.site,
            camera=self.name,
            time_zone=self.time_zone,
            language="en" if self.spot.city in _TIME_ZONES else "ko",
            origin=(self.spot.longitude, self.spot.latitude),
        )

    @cached_property
    def scene(self) -> Scene:
        """The scene in force."""
        return parse_scene(self.document)


def simulated_cameras(count: int) -> list[SimulatedCamera]:
    """Return `count` cameras; a device serves up to `CAMERAS_PER_DEVICE` of one site."""
    names: Counter[str] = Counter()
    of_site: Counter[str] = Counter()
    cameras = []
    for number in range(count):
        copy, index = divmod(number, len(SPOTS))
        spot = SPOTS[index]
        site = f"{spot.city}-{copy + 1}"
        names[f"{site}/{spot.kind}"] += 1
        device = f"jetson-{site}-{of_site[site] // CAMERAS_PER_DEVICE + 1}"
        of_site[site] += 1
        name = f"{site}-{spot.kind}-{names[f'{site}/{spot.kind}']}"
        cameras.append(SimulatedCamera(site, device, name, spot, copy))
    return cameras


def place_documents(cameras: Sequence[SimulatedCamera]) -> list[dict[str, Any]]:
    """Return a place for each camera, fed by its first zone, as the live map's API takes places."""
    return [
        {
            "id": camera.name,
            "name": camera.spot.name if camera.copy == 0 else f"{camera.spot.name} {camera.copy + 1}",
            "name_en": camera.spot.name_en
            if camera.copy == 0
            else f"{camera.spot.name_en} {camera.copy + 1}",
            "site": camera.site,
            "longitude": camera.spot.longitude + 0.004 * camera.copy,
            "latitude": camera.spot.latitude,
            "manual_usual": None,
            "feeds": [
                {
                    "kind": "zone",
                    "site": camera.site,
                    "camera": camera.name,
                    "zone": camera.scene.zones[0].name,
                    "object_classes": ["person"],
                }
            ],
        }
        for camera in cameras
    ]
