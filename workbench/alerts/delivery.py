"""Alerts on their way out: tried again for some hours, then given up. The scheduler calls it.

A delivery that fails is never an error of the scheduler: it is noted, and tried again later.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.errors import SettingsError, WorkbenchError
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.state.alerts import Delivery

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""Between the tries: a server that restarts is back in minutes, one that is mended in hours."""
AT_ONCE = 20
"""Most deliveries of one call, so that a dead server cannot hold a tick for long."""

_log = logging.getLogger(__name__)


def channels(settings: Settings) -> tuple[str, ...]:
    """The channels that are configured."""
    return settings.alerts.channels


def deliver_due(services: "Services", now: datetime) -> int:
    """Send every alert that is due now; gives how many arrived.

    Raises:
        StorageError: the database did not answer; what was sent and could not be noted is sent
            again.
    """
    alerts, settings = services.state.alerts, services.settings
    arrived = 0
    for delivery in alerts.due(now, AT_ONCE):
        if error := _tried(delivery, settings):
            _log.warning("Alert %d by %s: %s", delivery.alert.id, delivery.channel, error)
            alerts.failed(delivery, error, _next_at(delivery, settings, now))
        else:
            alerts.delivered(delivery)
            arrived += 1
    return arrived


def _tried(delivery: "Delivery", settings: Settings) -> str:
    """What went wrong, or ""."""
    try:
        _send(delivery, settings)
    except WorkbenchError as error:
        return str(error)
    except Exception as error:
        # Its text may hold an address or a login: only its kind is kept.
        return f"Unexpected {type(error).__name__}"
    return ""


def _send(delivery: "Delivery", settings: Settings) -> None:
    if delivery.channel not in channels(settings):
        raise SettingsError(f"{delivery.channel} is not configured any more")
    if delivery.channel == "webhook":
        from workbench.alerts import webhook

        webhook.send(delivery.alert, settings)
    else:
        from workbench.alerts import mail

        mail.send(delivery.alert, settings)


def _next_at(delivery: "Delivery", settings: Settings, now: datetime) -> datetime | None:
    if delivery.channel not in channels(settings) or delivery.attempts >= len(WAITS):
        return None
    return now + WAITS[delivery.attempts]
