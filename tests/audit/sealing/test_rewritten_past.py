"""Somebody who owns the database and a key writes the past anew: anchors and the order of keys stand against it."""

import pytest
from django.db import connection

from portal.audit.models import AuditAnchor, AuditCheckpoint, AuditEvent
from portal.audit.sealing import sealer
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.notes import Signer, VerifierKey
from portal.audit.sealing.sealer import SealingRefused
from tests.audit.people import redact_person
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import TABLES, forge, run, seal_the_past_again, triggers_off

AUDIT_TABLES = (*TABLES, "audit_auditanchor")


def backup() -> dict[str, list[tuple[object, ...]]]:
    with connection.cursor() as cursor:
        rows = {}
        for table in AUDIT_TABLES:
            cursor.execute(f"SELECT * FROM {table}")
            rows[table] = cursor.fetchall()
    return rows


def restore(rows: dict[str, list[tuple[object, ...]]]) -> None:
    with triggers_off(), connection.cursor() as cursor:
        for table in AUDIT_TABLES:
            cursor.execute(f"DELETE FROM {table}")
            for row in rows[table]:
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(f"INSERT INTO {table} VALUES ({marks})", row)


def test_a_log_rolled_back_to_an_old_backup_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    old = backup()
    redact_person()
    log.grow(2)
    restore(old)
    assert [row.pk for row in AuditEvent.objects.order_by("pk")] == [event.pk for event in story]
    (finding,) = log.verify().tampered
    assert "anchor of 14 events: the log ends at #12: its tail was cut, or an old backup restored" in finding
    log.record(1)
    with pytest.raises(SealingRefused, match="its anchors know 14"):
        log.seal()


def test_a_stolen_current_key_cannot_seal_the_past_again_against_the_anchors(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    key = read_signing_key(str(log.key_file))
    forge(story[8], b'"expiry"', b'"mallet"')
    run(f"UPDATE audit_auditevent SET actor_name = 'mallet' WHERE id = {story[8].pk}")
    seal_the_past_again(lambda name: Signer(name, key))
    tampered = log.verify().tampered
    assert len(tampered) == 3
    assert all("the log has another checkpoint in its place: the past was sealed again" in line for line in tampered)


def test_a_newer_key_cannot_sign_for_the_time_of_an_older_one(log: SealedLog, story: list[AuditEvent]) -> None:
    """Even where the thief owns the anchors too."""
    log.rotate("second")
    log.grow(2)
    key = read_signing_key(str(log.folder / "second"))
    seal_the_past_again(lambda name: Signer(name, key))
    log.anchor_file.unlink()
    AuditAnchor.objects.all().delete()
    log.anchor()
    tampered = log.verify().tampered
    assert "had to sign or to hand over" in tampered[0]


def test_an_older_key_cannot_sign_after_it_handed_over(log: SealedLog, story: list[AuditEvent]) -> None:
    log.rotate("second")
    log.settings.AUDIT_SIGNING_KEY_FILE = str(log.key_file)
    log.record(1)
    with pytest.raises(
        sealer.SealingRefused, match=r"is signed by .*, and not by .* Put the log's key back\. If it is lost"
    ):
        log.seal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealer, "refuse_another_key", lambda signer: None)
        log.seal()
    assert "had to sign or to hand over" in " ".join(log.verify().tampered)


def test_a_rotation_whose_last_step_was_left_out_is_told_from_another_key(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    listed = log.settings.AUDIT_PUBLIC_KEYS
    new = VerifierKey.parse(log.rotate("second")).short
    log.settings.AUDIT_SIGNING_KEY_FILE, log.settings.AUDIT_PUBLIC_KEYS = str(log.key_file), listed
    log.record(1)
    with pytest.raises(sealer.SealingRefused) as refused:
        log.seal()
    assert f"AUDIT_PUBLIC_KEYS does not name {new}, the key below the last checkpoint" in str(refused.value)
    assert "set both variables, restart worker and web" in str(refused.value)


def test_a_damaged_last_checkpoint_sends_nobody_to_replace_the_key(log: SealedLog, story: list[AuditEvent]) -> None:
    last = AuditCheckpoint.objects.order_by("-tree_size")[0]
    head, _, signature = last.note.rstrip().rpartition(" ")
    first = AuditCheckpoint.objects.order_by("tree_size")[0].note.rstrip().rpartition(" ")[2]
    assert first != signature
    damaged = f"UPDATE audit_auditcheckpoint SET note = %s WHERE tree_size = {last.tree_size}"
    run(damaged, parameters=[f"{head} {first}\n"])
    log.record(1)
    with pytest.raises(sealer.SealingRefused, match=r"damaged: the signature of localhost/audit\S+ below it is none"):
        log.seal()


def test_a_key_that_nobody_endorsed_is_believed_only_where_the_list_says_so(
    log: SealedLog, story: list[AuditEvent]
) -> None:
    log.rotate("second", is_lost=True)
    assert log.verify().exit_code == 0
    log.settings.AUDIT_PUBLIC_KEYS = log.settings.AUDIT_PUBLIC_KEYS.replace("after-loss:", "")
    assert "had to sign or to hand over" in " ".join(log.verify().tampered)


def test_a_key_that_is_not_trusted_is_found(log: SealedLog, story: list[AuditEvent]) -> None:
    log.rotate("second")
    log.settings.AUDIT_PUBLIC_KEYS = log.public_key
    assert "by a key that is not in AUDIT_PUBLIC_KEYS" in " ".join(log.verify().tampered)
