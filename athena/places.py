"""The table of the live map's places: JSON lines that the map's API writes anew after each change.

Hive's own JSON SerDe reads one object a line; the table has no partitions, for all of it is a few kilobytes.
"""

from __future__ import annotations

NAME = "places"
KEY_PREFIX = "places/"
"""In the lake's bucket; the API writes ``places/places.json`` there."""
JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
ENGLISH = "Places of the live map, as they are now"
KOREAN = "라이브 맵의 장소(지금 상태)"
COLUMNS = (
    ("place_id", "string", "Identity of the place"),
    ("name", "string", "Name in the language of the country"),
    ("name_en", "string", "Name in English"),
    ("site", "string", "Site the place belongs to"),
    ("longitude", "double", "Longitude in degrees, WGS 84"),
    ("latitude", "double", "Latitude in degrees, WGS 84"),
    ("updated_at", "string", "When the place was changed last, ISO 8601 in UTC"),
)
"""Name, Hive type and comment of each column, in order."""


def places_statement() -> str:
    """Return the CREATE statement; ``${lake_bucket}`` stands for the bucket's name."""
    defined = ",\n".join(f"    `{name}` {kind} COMMENT '{comment}'" for name, kind, comment in COLUMNS)
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{NAME}` (\n{defined}\n)\n"
        f"COMMENT '{ENGLISH}'\n"
        f"ROW FORMAT SERDE '{JSON_SERDE}'\n"
        f"LOCATION 's3://${{lake_bucket}}/{KEY_PREFIX}'\n"
        "TBLPROPERTIES (\n    'classification' = 'json'\n)\n"
    )
