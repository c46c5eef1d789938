"""Verifies an export of the portal's audit log, with no trust in the portal: python verify_audit.py EXPORT PUBLIC_KEYS

EXPORT is of audit_export, a pack or an event's page. PUBLIC_KEYS is a file of the log's public keys, oldest first, or
such a key itself (NAME+KEYID+BASE64); get it from the people who run the portal, not with the export. Needs Python 3.11
and the package cryptography. Exit code 0: verified; 2: not; 1: not read to its end. Verified are the checkpoint's
signature, each event's hashes and proof to the signed root, personal texts that are there, and the order of events. A
selection may claim, unsigned, to be complete for a subject: it must then have its numbers from 1 on. The verdict names
it, and the checkpoint's size and time: hold these against an anchor, as no file tells what was sealed later.
"""

import base64
import hashlib
import json
import re
import sqlite3
import sys
from contextlib import suppress
from itertools import groupby

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIRST, LAST = {"format", "checkpoint", "selection", "filter", "complete"}, {"events"}  # the members of a line
EVENT, TEXT = {"leaf_index", "digest", "leaf_hash", "proof", "body", "personal"}, {"salt", "text"}
LINE_LIMIT, SUBJECT = 4 * 1024 * 1024, "[a-z_]+:[A-Za-z0-9-]+"  # no event comes near; any other could forge words
SQL = "CREATE TABLE gone (what, text); CREATE TABLE redacted (text); CREATE TABLE chain (subject, n, previous, digest)"


class NotVerified(Exception):
    """The export is not what the log's key signed for; the message says where."""


def demand(is_so, otherwise):
    if not is_so:
        raise NotVerified(otherwise)


def members(pairs):
    """An object of JSON; of a member that stands twice, two readers would see different things."""
    demand(len(found := dict(pairs)) == len(pairs), "it is not in its form (a member stands twice)")
    return found


def public_keys(argument):
    """Name and raw key of each, by key id."""
    with suppress(OSError), open(argument, encoding="utf-8") as file:  # else it is a key itself
        argument = file.read(1_000_000)
    keys = {}
    for entry in argument.replace(",", "\n").split() or [""]:
        name, stated, encoded = (entry.removeprefix("after-loss:") + "++").split("+", 2)
        raw = base64.b64decode(encoded.removesuffix("++"), validate=True)
        key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != 1 or stated != key_id.hex():
            raise ValueError(f"{entry!r} is no public key of an audit log")
        keys[key_id] = (name, raw[1:])
    return keys


def signed_tree(note, keys):
    """Size and root of the tree that a checkpoint signs for, who signed, and when by their word."""
    text, _, signatures = note.rpartition("\n\n")  # https://c2sp.org/tlog-checkpoint
    origin, size, root, time = (text + "\n").split("\n")[:4]
    for line in reversed(signatures.splitlines()):  # of a hand-over, the second is the newer key
        _, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        key_name, key = keys.get(raw[:4], ("", b""))
        with suppress(InvalidSignature):
            if key_name == name == origin:
                Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], (text + "\n").encode())
                return int(size), base64.b64decode(root, validate=True), f"{name}+{raw[:4].hex()}, {time}"
    raise NotVerified("the checkpoint is not signed by the public key that you gave")


def root_of(leaf, index, size, proof):
    """Where a proof leads (RFC 9162, section 2.1.3.2)."""
    demand(0 <= index < size, "its place is outside of the signed tree")
    border = (index ^ (size - 1)).bit_length()  # from there on, every sibling stands to the left
    demand(len(proof) == border + (index >> border).bit_count(), "its proof is too short or too long")
    for level, sibling in enumerate(proof):
        is_left = level >= border or index >> level & 1
        leaf = hashlib.sha256(b"\x01" + (sibling + leaf if is_left else leaf + sibling)).digest()
    return leaf


def commitments(value, found, field=""):
    """Where a body has commitments in place of personal texts, as JSON pointers, and to what."""
    if isinstance(value, dict) and "personal_sha256" in value:
        demand(len(field) <= 512 and len(found) < 1_000, "its commitments are more, or elsewhere, than any recorded")
        found[field], value = value["personal_sha256"], ()
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        commitments(item, found, f"{field}/{key}"[:513])
    return found


class Export:
    """Reads an export line by line, stops at the first thing that is wrong, and keeps all else in a nameless file."""

    def __init__(self, keys):
        self.keys, self.size, self.root, self.signed_by, self.is_whole, self.claims = keys, 0, b"", "", False, {}
        self.count, self.last_index, self.is_over, self.complete, self.told = 0, -1, False, [], [0, 0]
        self.db = sqlite3.connect("").executescript(SQL)

    def verify(self, stream):
        for number, raw in enumerate(iter(lambda: stream.readline(LINE_LIMIT), b""), start=1):
            try:
                self._check_line(raw, number)
            except (MemoryError, sqlite3.OperationalError):  # which say something of this machine
                raise
            except Exception as err:  # whatever else a line does to its reader, it is not verified
                words = err if isinstance(err, NotVerified) else f"it is not in its form ({type(err).__name__})"
                raise NotVerified(f"line {number}: {words}") from err
        demand(self.is_over, "the export is cut short, its last line is missing")
        demand(self.count == self.size or not self.is_whole, f"it claims all {self.size} events, and has {self.count}")
        for subject, events in groupby(self.db.execute("SELECT * FROM chain ORDER BY subject, n"), lambda row: row[0]):
            self._check_chain(subject, events)
        demand(not self.claims, f"it claims to be complete for {', '.join(self.claims)}: without 1")
        for what, is_redacted in self.db.execute("SELECT what, text IN redacted FROM gone ORDER BY rowid"):
            demand(is_redacted or not self.is_whole, f"{what} is missing, and no event says that it was redacted")
            say(f"{'redacted' if is_redacted else 'missing'}: {what}")
            self.told[is_redacted] += 1

    def _check_line(self, raw, number):
        demand(not self.is_over, "something follows the last line")
        demand(raw.endswith(b"\n"), "it is cut short" if len(raw) < LINE_LIMIT else "it is too long to be an event")
        line = json.loads(raw, object_pairs_hook=members)
        known = FIRST if number == 1 else LAST if "events" in line else EVENT
        demand(line.keys() <= known, "it is not in its form (a member that no export has)")
        if number == 1:
            demand(line["format"] == "reimage-portal-audit-1", "the format is not reimage-portal-audit-1")
            self.size, self.root, self.signed_by = signed_tree(line["checkpoint"], self.keys)
            self.is_whole = {"all": True, "some": False}[line["selection"]]
            self.claims = {re.fullmatch(SUBJECT, claim)[0]: True for claim in line.get("complete", ())}
        elif known is LAST:
            counted, self.is_over = line["events"], True  # `:d` takes integers alone
            demand(counted == self.count, f"it counts {counted:d} events, and there are {self.count}")
        else:
            self._check_event(line, line["leaf_index"], line["body"].encode())

    def _check_event(self, line, index, body):
        where, place = f"event #{index + 1:d}", self.last_index
        demand(index > place, f"leaf {index} stands after leaf {place}: doubled or out of order")
        demand(index == place + 1 or not self.is_whole, f"event #{place + 2} is missing")
        hashes = [hashlib.sha256(body).hexdigest(), hashlib.sha256(b"\x00" + body).hexdigest()]
        demand(hashes == [line["digest"], line["leaf_hash"]], f"{where}: its body does not have the hashes it claims")
        root = root_of(bytes.fromhex(hashes[1]), index, self.size, [bytes.fromhex(node) for node in line["proof"]])
        demand(root == self.root, f"{where}: its proof does not lead to the signed root")
        self.count, self.last_index, event = self.count + 1, index, json.loads(body, object_pairs_hook=members)
        expected = commitments(event, {}) if event["version"] > 1 else {}  # before that, texts stood in the body
        for field, found in line.get("personal", {}).items():
            salt, text = bytes.fromhex(found["salt"]), found["text"].encode()
            is_true = len(salt) == 32 and hashlib.sha256(salt + text).hexdigest() == expected.pop(field, None)
            demand(is_true and found.keys() == TEXT, f"{where}: {field} is not the text that was recorded")
        gone = [(f"{where}: {field}", f"{event['event_id']} {field}") for field in expected]
        self.db.executemany("INSERT INTO gone VALUES (?, ?)", gone)
        fields = event["detail"]["fields"] if event["action"] == "audit.redacted" else ()
        self.db.executemany("INSERT INTO redacted VALUES (?)", [(f"{event['target']['id']} {at}",) for at in fields])
        if event["subject"]:
            number = f"{event['subject']} {event['sequence']!r}"
            demand(re.fullmatch(SUBJECT + " [1-9][0-9]{0,9}", number), f"{where}: its number is not in its form")
            self.db.execute("INSERT INTO chain VALUES (:subject, :sequence, :previous_digest, :digest)", event | line)

    def _check_chain(self, subject, events):
        """Events of one subject that follow each other by number must do so by digest; a selection may have gaps."""
        last, its_digest, gaps = 0, "", []
        for _, number, previous, digest in events:
            fits = previous == its_digest if number == last + 1 else number > last and not self.is_whole
            demand(fits, f"event {number} of {subject} does not follow event {last}")
            gaps += [(last + 1, number - 1)] if number > last + 1 and len(gaps) <= 20 else []
            last, its_digest = number, digest
        lost = ", ".join(f"{a}-{z}" if a < z else f"{a}" for a, z in gaps[:20]) + " and more" * bool(gaps[20:])
        if self.claims.pop(subject, False):
            demand(not lost, f"it claims to be complete for {subject}: without {lost}")
            self.complete.append(f"{subject} from 1 to {last}")
        elif lost:
            say(f"gap: {subject} is here without its events {lost}")


def say(text):
    print(ascii(text)[1:-1])  # what steers a terminal, or what it may have no letters for, is told as its code


def main(path, public_key):
    try:
        export = Export(public_keys(public_key))
        with open(path, "rb") as stream:
            export.verify(stream)
    except NotVerified as err:
        sys.exit(say(f"NOT VERIFIED: {err}") or 2)
    except (OSError, ValueError, MemoryError, sqlite3.OperationalError) as err:
        sys.exit(f"cannot verify: {str(err) or 'out of memory'}")
    if f"+{list(export.keys)[-1].hex()}, " not in export.signed_by:
        say("WARNING: sealed by a retired key. Who has it can seal what they like: get an export by the key of today.")
    sealed = "sealed by {}, {} texts missing, {} texts redacted".format(export.signed_by, *export.told)
    part = f"a selection of {export.size}, complete: {', '.join(export.complete) or 'nothing'}"
    say(f"VERIFIED: {export.count} events, {f'all of {export.size}' if export.is_whole else part}, {sealed}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
