"""The negative control: reimaging as Celery's own guarantees suggest it, posts and polls in one task. Never shipped.

`acks_late` and `reject_on_worker_lost` promise that no task is lost; they say nothing of what it did before.
"""

import os
import time
from pathlib import Path
from uuid import uuid4

import requests
from celery import Celery

broker = os.environ["CONTROL_BROKER_URL"]
azure = os.environ["CONTROL_AZURE"]
app = Celery("naive", broker=broker)
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)
if broker.startswith("filesystem:"):
    folder = os.environ["CONTROL_FOLDER"]
    app.conf.broker_transport_options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": folder,
        "polling_interval": 0.1,
    }


@app.task(acks_late=True, reject_on_worker_lost=True, autoretry_for=(requests.HTTPError,), default_retry_delay=1)
def reimage(machine: str) -> None:
    """Posts, then polls to the end."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = os.environ["CONTROL_CA"]
        session.headers["Authorization"] = f"Bearer {os.environ['CONTROL_TOKEN']}"
        answer = session.post(
            f"{azure}{machine}/reimage?api-version=2024-07-01",
            headers={"x-ms-client-request-id": str(uuid4())},
            timeout=30,
        )
        answer.raise_for_status()
        while session.get(answer.headers["Azure-AsyncOperation"], timeout=30).json()["status"] == "InProgress":
            time.sleep(0.5)
    (Path(os.environ["CONTROL_DONE"]) / machine.rpartition("/")[2]).touch()
