"""A real worker, started as the unit starts it, whose keys are in a security module alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.module_key import make_audit_key, make_sealing_key
from portal.security_module import sessions
from tests.brokers.conftest import Story
from tests.installation import wait_for
from tests.ports import free_port
from tests.softhsm import Token

pytestmark = pytest.mark.own_database

URL = "http://localhost:8000"


@pytest.mark.asvs("V13.3.3")
def test_it_opens_a_password_and_seals_the_log_with_them(
    story: Callable[..., Story], token: Token, tmp_path: Path
) -> None:
    settings = {
        "SEALING_PUBLIC_KEY": make_sealing_key(token.place("sealing")),
        "SEALING_PRIVATE_KEY_FILE": token.uri("sealing"),
        "AUDIT_SIGNING_KEY_FILE": token.uri("audit"),
    }
    sessions.log_out()
    settings["AUDIT_PUBLIC_KEYS"] = make_audit_key(token.place("audit"), URL)
    told = story(f"redis://127.0.0.1:{free_port()}/0", SWEEPER_GRACE_SECONDS=1, **settings)
    (tmp_path / "sealing-private.pem").unlink()
    pk = told.approve("web-02=Correct-Horse-7")
    worker = told.installation.start_worker()
    told.wait_for_state(pk, "completed")
    (post,) = told.installation.sandbox.ledger(action="reimage", vm="web-02")
    assert "adminPassword" in post["body"]["osProfile"]
    completed = "SELECT max(id) FROM audit_auditevent"
    ((last,),) = told.installation.query(completed)
    wait_for(
        lambda: told.installation.query("SELECT 1 FROM audit_auditleaf WHERE event_id >= %s", last),
        of="the seal of the last event",
    )
    assert told.installation.end(worker) == 0
    assert "SOUND" in told.installation.run("manage.py", "audit_verify")
