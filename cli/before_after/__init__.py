"""What a change does to the dashboards: both versions drawn from one lake, pictured and laid side by side."""

from cli.before_after.changes import Changes, write_changes

__all__ = ["Changes", "write_changes"]
