"""Raw lake objects to MySQL, each exactly once."""
