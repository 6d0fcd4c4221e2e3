"""What the commands' tests share: settings for a place."""

import pytest

from baileys_cleanup.settings.values import Settings


@pytest.fixture
def settings(place):
    """Give settings for the place."""
    return Settings(sessions_root=str(place))
