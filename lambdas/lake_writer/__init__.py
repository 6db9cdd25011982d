"""SQS batches to parquet objects in the lake."""
