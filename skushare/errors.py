"""Errors meant for the person at the keyboard: what is wrong and what to do."""


class SkushareError(Exception):
    """Base of every error whose message is fit to be shown to a user as it is."""


class ImageError(SkushareError):
    """An image could not be read; the message names the file and the remedy."""


class SweepError(SkushareError):
    """A camera sweep cannot go on; the message says why."""


class DatasetError(SkushareError):
    """A dataset or its labels could not be read; the message names the file."""


class UnknownFormatError(DatasetError):
    """A file or folder has no labels of a known format; the message names it."""


class ModelError(SkushareError):
    """A model is missing, incomplete or damaged; the message names the file."""


class ConfigError(SkushareError):
    """A setting has a value that cannot work; the message names the setting."""


class DatabaseError(SkushareError):
    """The database or its pictures cannot be read or written; the message names the place."""


class AuditError(SkushareError):
    """An audit cannot be made, changed or found; the message says why."""
