"""Settings of the ingest path by profile: `live` is what a laptop runs, `economy` has more patience."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_components.publisher.settings import PROFILES
from infra.ingest_settings import (
    INGEST_PROFILES,
    LAKE_WRITER,
    RDS_LOADER,
    IngestProfileError,
    QueueFunction,
    ingest_profile,
)
from infra.local.stack_options import StackOptions

LONGEST_WINDOW_SECONDS = 300
LARGEST_BATCH_MESSAGES = 10_000
"""Lambda's limits of an SQS event source with a batch window."""


def test_each_profile_of_the_publisher_has_event_sources() -> None:
    assert set(INGEST_PROFILES) == set(PROFILES)


def test_the_local_stack_runs_the_live_profile() -> None:
    options = StackOptions()
    assert (options.lake_writer, options.rds_loader) == (LAKE_WRITER, RDS_LOADER)
    assert ingest_profile("live").lake_writer == LAKE_WRITER
    assert ingest_profile("live").rds_loader == RDS_LOADER


@pytest.mark.parametrize("part", ["lake_writer", "rds_loader"])
def test_profiles_differ_in_batches_and_windows_only(part: str) -> None:
    live: QueueFunction = getattr(ingest_profile("live"), part)
    economy: QueueFunction = getattr(ingest_profile("economy"), part)
    as_live = replace(economy, batch_size=live.batch_size, batch_window_seconds=live.batch_window_seconds)
    assert as_live == live
    assert economy.batch_window_seconds > live.batch_window_seconds


@pytest.mark.parametrize(
    "function", [one for kept in INGEST_PROFILES.values() for one in vars(kept).values()]
)
def test_every_event_source_is_one_that_lambda_takes(function: QueueFunction) -> None:
    assert 0 < function.batch_window_seconds <= LONGEST_WINDOW_SECONDS
    assert 0 < function.batch_size <= LARGEST_BATCH_MESSAGES
    assert function.visibility_timeout_seconds >= (
        6 * function.function_timeout_seconds + function.batch_window_seconds
    )


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(IngestProfileError, match="'cheap': expected one of economy, live"):
        ingest_profile("cheap")
