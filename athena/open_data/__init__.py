"""Statements over public data: a table and views for each data set, what people ask, places beside Wi-Fi.

``tables/<data set>_files.sql``, ``views/<data set>.sql`` and the views that count are derived from the
profiles of `lambdas.open_data` (``python -m cli.opendata.definitions``); the others are written by hand.
"""
