"""Log lines of the components: one JSON object a line, a constant message with its fields beside it."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any

_OWN_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a log record as JSON: time (UTC), level, logger, message, then the `extra` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`; values JSON cannot hold are written as text."""
        moment = datetime.fromtimestamp(record.created, tz=timezone.utc)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name, value in vars(record).items() if name not in _OWN_FIELDS)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(level: str = "INFO") -> None:
    """Send the root logger's lines to standard error as JSON; libraries speak up only from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in ("boto3", "botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It calls every lost connection an error; ours is told in one place, with what it means.
    logging.getLogger("awsiot").setLevel(logging.CRITICAL)
