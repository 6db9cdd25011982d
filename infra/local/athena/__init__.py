"""Athena on one machine: its API over DuckDB, restricted to what means the same in both."""

from infra.local.athena.endpoint import AthenaEndpoint
from infra.local.athena.engine import LocalAthena, QueryResult
from infra.local.athena.errors import AthenaQueryError
from infra.local.athena.lake import LocalFolderLake, S3Lake
from infra.local.athena.results import FolderResults, S3Results

__all__ = [
    "AthenaEndpoint",
    "AthenaQueryError",
    "FolderResults",
    "LocalAthena",
    "LocalFolderLake",
    "QueryResult",
    "S3Lake",
    "S3Results",
]
