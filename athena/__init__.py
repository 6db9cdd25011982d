"""Tables, views and named queries of the lake, one SQL statement a file."""
