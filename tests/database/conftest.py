"""The migrations themselves, which other tests have run once."""

import pytest


@pytest.fixture(autouse=True)
def migrations():
    """As they are."""
