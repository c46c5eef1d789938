"""One request while the disk is full now and then: python -m tests.crashes.full_disk FOLDER. Prints facts."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import OperationalError  # as all below: after Django is set up

from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import execution, reimaging
from tests.cast import client_of
from tests.crashes.campaign import Campaign
from tests.crashes.failpoints import Failpoints
from tests.crashes.prepared import alice_and_bob, running_sandbox
from tests.crashes.promises import broken_promises
from tests.crashes.small_disk import empty, fill
from tests.crashes.whole_state import whole_state
from tests.stories import let_lease_lapse, posts, request_reimage


def main(folder: Path) -> None:
    sandbox = running_sandbox()
    alice, bob = alice_and_bob()
    pending = request_reimage(alice, "web-01")
    operation = pending.operations.get()
    facts = {"page": _approve_while_full(folder, bob, pending)}

    fill(folder)
    facts["before the intent"] = {**_step(operation), "posts": len(posts(sandbox))}
    empty(folder)
    let_lease_lapse(operation)

    real = reimaging.submit_reimage

    def submit_and_fill(*args: Any, **options: Any) -> Any:
        outcome = real(*args, **options)
        let_lease_lapse(operation)  # for the one after this one: now is the last time that it can be written
        fill(folder)
        return outcome

    reimaging.submit_reimage = submit_and_fill
    facts["after the POST"] = {**_step(operation), "posts": len(posts(sandbox))}
    reimaging.submit_reimage = real
    facts["still full"] = {**_step(operation), "posts": len(posts(sandbox))}
    empty(folder)

    let_lease_lapse(operation)
    Campaign(operation, sandbox).live(Failpoints())
    facts["in the end"] = {"state": _state(operation), "broken": broken_promises(operation, sandbox)}
    print(json.dumps(facts))


def _approve_while_full(folder: Path, bob: Any, pending: ReimageRequest) -> dict[str, object]:
    browser, address, form = client_of(bob), f"/requests/{pending.pk}/approve", {"digest": pending.digest}
    browser.raise_request_exception = False  # what the handlers of errors answer is what a person sees
    before = whole_state()
    fill(folder)
    refused = browser.post(address, form)
    empty(folder)
    unchanged = whole_state() == before
    return {
        "status": refused.status_code,
        "retry_after": refused.headers.get("Retry-After"),
        "explained": "database is full; nothing was changed" in refused.content.decode(),
        "unchanged": unchanged,
        "again": browser.post(address, form).status_code,
    }


def _step(operation: ReimageOperation) -> dict[str, object]:
    """A worker's. A claim that cannot be written fails the task, and Celery logs it."""
    with suppress(OperationalError):
        execution.advance_operation(operation.pk)
    return {"state": _state(operation)}


def _state(operation: ReimageOperation) -> str:
    return ReimageOperation.objects.get(pk=operation.pk).state


if __name__ == "__main__":
    main(Path(sys.argv[1]))
