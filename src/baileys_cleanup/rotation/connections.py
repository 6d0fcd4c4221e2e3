"""What a rotation reaches beyond the sessions root, where it is set up: backups, and the alert services."""

from collections.abc import Callable
from pathlib import Path

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.settings.values import Settings


def backup_for(settings: Settings, world: World) -> Callable[[str], str] | None:
    """Return what makes a verified backup of a company and says where it is; None where no place for one is set."""
    if settings.backup.to is None:
        return None
    from baileys_cleanup.backups.make import Moment  # noqa: PLC0415 - only where backups are set up
    from baileys_cleanup.backups.run import back_up_one  # noqa: PLC0415 - likewise

    return lambda company_id: back_up_one(
        settings, company_id, Moment(world.clock(), world.clock, world.wait), world.again
    )


def notifier_for(settings: Settings, world: World) -> Callable[[str, str, Path | None], None] | None:
    """Return what sends a message, perhaps with a picture, to the alert services; None where there are none."""
    if not settings.alerts.urls:
        return None
    from baileys_cleanup.watch.tell.apprise_services import Messenger  # noqa: PLC0415 - only where somebody is to be told

    return Messenger(settings.alerts.urls, world.stopping).send
