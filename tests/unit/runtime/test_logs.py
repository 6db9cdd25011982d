from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from edge_components.runtime.logs import JsonLines


def test_a_line_is_a_constant_message_with_its_fields():
    record = logging.makeLogRecord(
        {
            "name": "publisher",
            "levelname": "INFO",
            "msg": "batch sent",
            "messages": 3,
            "path": Path("/x"),
            "created": 0,
        }
    )
    assert json.loads(JsonLines().format(record)) == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "INFO",
        "logger": "publisher",
        "message": "batch sent",
        "messages": 3,
        "path": "/x",
    }


def test_an_exception_is_part_of_the_line():
    try:
        int("비었음")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    assert "'비었음'" in json.loads(JsonLines().format(record))["exception"]
