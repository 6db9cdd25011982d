"""What the agent is told by its configuration, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract.errors import CrowdLensError
from edge_components.runtime.component_config import Fields

KEYS = ("reportSeconds", "linkTest")
LINK_TEST_KEYS = ("run", "downloadUrl", "uploadUrl", "maximumBytes", "maximumSeconds")
MAXIMUM_LINK_TEST_BYTES = 1_000_000_000
DEFAULT_LINK_TEST_BYTES = 10_000_000


class LinkTestSettingsError(CrowdLensError):
    """Raised for a link test that cannot be done as it was asked for."""


@dataclass(frozen=True)
class LinkTestSettings:
    """A test of the link: at most `maximum_bytes` and `maximum_seconds` in each direction that has a URL."""

    download_url: str | None
    upload_url: str | None
    maximum_bytes: int = DEFAULT_LINK_TEST_BYTES
    maximum_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.download_url is None and self.upload_url is None:
            raise LinkTestSettingsError(
                "the link test has no URL: expected one to download from or to upload to"
            )
        for name in ("download_url", "upload_url"):
            _check_url(name, getattr(self, name))
        if not 1 <= self.maximum_bytes <= MAXIMUM_LINK_TEST_BYTES:
            raise LinkTestSettingsError(
                f"the link test's bytes are {self.maximum_bytes}: expected 1 to {MAXIMUM_LINK_TEST_BYTES}"
            )


@dataclass(frozen=True)
class FleetAgentSettings:
    """`report_seconds` between reports without news.

    `link_test_run` is any word, such as a date: each new one starts one test, an empty one none.
    """

    report_seconds: float = 60.0
    link_test_run: str = ""
    link_test: LinkTestSettings | None = None

    @classmethod
    def read(cls, configuration: Mapping[str, Any]) -> FleetAgentSettings:
        """Return the settings of a component's configuration; raises `CrowdLensError` for a bad one."""
        fields = Fields(configuration)
        fields.check_known(KEYS)
        link = fields.mapping("linkTest")
        link.check_known(LINK_TEST_KEYS)
        run = link.text("run", "", maximum_characters=64)
        return cls(
            fields.real("reportSeconds", 60.0, minimum=10.0, maximum=3600.0),
            run,
            _link_test(link) if run else None,
        )


def _link_test(link: Fields) -> LinkTestSettings:
    return LinkTestSettings(
        link.text("downloadUrl", None),
        link.text("uploadUrl", None),
        link.integer("maximumBytes", DEFAULT_LINK_TEST_BYTES, minimum=1, maximum=MAXIMUM_LINK_TEST_BYTES),
        link.real("maximumSeconds", 20.0, minimum=1.0, maximum=60.0),
    )


def _check_url(name: str, url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise LinkTestSettingsError(f"{name} of the link test is {url!r}: expected an http or https URL")
