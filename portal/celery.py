"""Celery, the doorbell: it carries ids to workers, and nothing depends on a message arriving."""

import os
import sys
from pathlib import Path

from celery import Celery, Task, signals
from django.conf import settings
from django.db import close_old_connections

from portal import filesystem_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

SWEEP_SECONDS = 3
INVENTORY_SYNC_SECONDS = 300
SESSION_CLEARING_SECONDS = 86_400
SEAL_SECONDS = 3  # a committed event is sealed within 5
SEAL_ALL_SECONDS = 600


CONNECT_SECONDS = 2
ANSWER_SECONDS = 2
HEARTBEAT_SECONDS = 30


def _transport_options(broker_url: str, folder: Path) -> dict[str, object]:
    """What each kind of broker is given, explained in docs/deployment.md."""
    once: dict[str, object] = {"max_retries": 0}  # publishers, that is; a worker tries to connect for ever
    if broker_url.startswith(("amqp:", "amqps:")):
        return once | {"confirm_publish": True, "read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
    if not broker_url.startswith("filesystem:"):
        return once | {
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": ANSWER_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 10,
        }
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.1,
    }


def _every(seconds: int, task: str) -> dict[str, object]:
    """A message expires when the next one is due: workers that were away do not find a heap of them."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


BEAT_SCHEDULE = {
    "sweep": _every(SWEEP_SECONDS, "reimage.tasks.sweep"),
    "inventory": _every(INVENTORY_SYNC_SECONDS, "reimage.tasks.sync_inventory"),
    "seal": _every(SEAL_SECONDS, "portal.audit.tasks.seal"),
    "seal-all": _every(SEAL_ALL_SECONDS, "portal.audit.tasks.seal_all"),
    "sessions": _every(SESSION_CLEARING_SECONDS, "portal.identity.tasks.clear_sessions"),
}
if settings.ACCOUNT_CHECK_SECONDS:
    BEAT_SCHEDULE["accounts"] = _every(
        settings.ACCOUNT_CHECK_SECONDS, "portal.identity.tasks.end_sessions_of_closed_accounts"
    )

filesystem_broker.install()
app = Celery("portal")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_use_ssl=settings.CELERY_BROKER_USE_SSL,
    broker_transport_options=_transport_options(settings.CELERY_BROKER_URL, settings.VAR_DIR / "broker"),
    broker_connection_timeout=CONNECT_SECONDS,
    broker_heartbeat=HEARTBEAT_SECONDS,  # RabbitMQ's; Redis has its health check
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # the default gives up after a hundred, and the worker ends
    task_default_delivery_mode="transient",  # no message is worth a disk's time
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,  # results live in the database, written by the services
    # Once more and at once, over a new connection where the old one broke while it idled. Each try is short: a dead
    # broker never hangs a web request, and the sweeper rings again.
    task_publish_retry=True,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    task_acks_late=False,  # a lost message is re-published from the database, a repeated one changes nothing
    # No time limit: Celery cannot end a thread. Each step is bounded by the timeouts of its HTTP calls, which count
    # from one byte to the next; the webhook of the audit log, which anybody may run, has a deadline for all it answers.
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_redirect_stdouts=False,
    timezone="UTC",
    # Without a file, whose times outlast a restart after the clock was set back. The sweeper knows what is overdue.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule=BEAT_SCHEDULE,
)
# Celery would connect anew for each task. Django can tell a sound connection from a broken one, see below.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@signals.setup_logging.connect
def keep_the_portals_logging(**_: object) -> None:
    """LOG_LEVEL counts for workers and beat too: without a receiver here, Celery's --loglevel, WARNING, would."""


@signals.task_prerun.connect
@signals.task_postrun.connect
def keep_only_sound_connections(sender: Task, **_: object) -> None:
    """What Django does around each HTTP request: closes a connection that broke or grew old."""
    if not sender.request.is_eager:
        close_old_connections()


app.steps["worker"].add("reimage.sweeper:SweeperStep")  # by name: the web process needs none of it
app.autodiscover_tasks(["reimage", "portal.identity", "portal.audit"])
