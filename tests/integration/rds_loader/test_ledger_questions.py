"""The reconciler outside the VPC gets the same answers through the loader as it would from MySQL."""

from __future__ import annotations

import io
import json
from typing import Any

from lambdas.rds_loader import handler as module
from lambdas.reconciler.remote_ledger import RemoteLedger
from lambdas.shared.load_ledger import MySqlLedger


class LoaderFunction:
    """Lambda with the real handler of `rds_loader` behind it."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert FunctionName == "crowdlens-dev-rds-loader"
        answer = module.handler(json.loads(Payload), None)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def test_both_ways_give_the_same_answers(lake: Any, make_records: Any) -> None:
    keys = [*lake.put(make_records(count=4)), *lake.put(make_records("tracks", count=3))]
    assert lake.load(*keys) == 0
    remote = RemoteLedger(LoaderFunction(), "crowdlens-dev-rds-loader")
    direct = MySqlLedger(module.database())
    assert remote.etags([*keys, "raw/none"]) == direct.etags(keys)
    assert set(remote.etags(keys)) == set(keys)
    ((day,),) = lake.query("SELECT DISTINCT day FROM load_ledger")
    assert remote.rows("tracks", day.isoformat()) == direct.rows("tracks", day.isoformat()) == 3
    assert remote.rows("tracks", "2001-01-01") == 0
