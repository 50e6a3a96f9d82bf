"""What an export can fail with."""

from skushare.errors import SkushareError


class ExportError(SkushareError):
    """A model cannot be exported, or an export cannot be used; the message says why."""
