"""skushare: find, count and share out every facing on a retail shelf."""

__version__ = "0.1.0"
