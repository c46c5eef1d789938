"""Verifies an export of the portal's audit log, with no trust in the portal: python verify_audit.py EXPORT PUBLIC_KEYS

EXPORT is a file of audit_export or a proof from an event's page. PUBLIC_KEYS is a file of the log's public keys, oldest
first, or such a key itself (NAME+KEYID+BASE64); get it from the people who run the portal, not with the export.
Needs Python 3.11 and the package cryptography. Exit code 0: verified; 2: not; 1: could not be read at all.

What is verified: the signature under the checkpoint (https://c2sp.org/tlog-checkpoint); that each event's body has the
digest and leaf hash it claims, and a proof from there to the signed root (RFC 6962, RFC 9162 section 2.1.3.2); that a
personal text is what the body has a commitment to (SHA-256 of salt and text); that events stand in their order, none
twice, and within a subject, those that follow each other by number do so by digest; and that the file is whole. A text
that is not there is redacted where an event in the file says so, else missing. A selection proves what it holds; that
nothing is missing, only an export of all events can tell. Memory is bounded by a line and the texts that are not there.
"""

import base64
import hashlib
import json
import sys
from collections import OrderedDict
from contextlib import suppress
from operator import index as as_int

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "reimage-portal-audit-1"
LINE_LIMIT = 4 * 1024 * 1024  # no event comes near
SUBJECTS_REMEMBERED = 50_000  # the least recent ones are forgotten, so that memory stays bounded


class NotVerified(Exception):
    """The export is not what the log's key signed for; the message says where."""


def public_keys(argument):
    """Name and raw key of each, by key id."""
    with suppress(OSError), open(argument, encoding="utf-8") as file:  # else it is a key itself
        argument = file.read(1_000_000)
    keys = {}
    for entry in argument.replace(",", "\n").split() or [""]:
        name, _, rest = entry.removeprefix("after-loss:").partition("+")
        raw = base64.b64decode(rest.partition("+")[2], validate=True)
        if len(raw) != 33 or raw[0] != 1:
            raise ValueError(f"{entry!r} is no public key of an audit log")
        keys[hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]] = (name, raw[1:])
    return keys


def signed_tree(note, keys):
    """Size and root of the tree that a checkpoint signs for, and who signed."""
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    for line in reversed(signatures.splitlines()):  # of a hand-over, the second is the newer key
        _, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        key_name, key = keys.get(raw[:4], ("", b""))
        with suppress(InvalidSignature):
            if key_name == name == origin:
                Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], (text + "\n").encode())
                return int(size), base64.b64decode(root, validate=True), f"{name}+{raw[:4].hex()}"
    raise NotVerified("the checkpoint is not signed by the public key that you gave")


def root_of(leaf, index, size, proof):
    """Where a proof leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotVerified("its place is outside of the signed tree")
    border = (index ^ (size - 1)).bit_length()  # from there on, every sibling stands to the left
    if len(proof) != border + (index >> border).bit_count():
        raise NotVerified("its proof is too short or too long")
    node = leaf
    for level, sibling in enumerate(proof):
        is_left = level >= border or index >> level & 1
        node = hashlib.sha256(b"\x01" + (sibling + node if is_left else node + sibling)).digest()
    return node


def commitments(value, field=""):
    """Where a body has commitments in place of personal texts, as JSON pointers, and to what."""
    if isinstance(value, dict) and "personal_sha256" in value:
        return {field: value["personal_sha256"]}
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {at: found for key, item in members for at, found in commitments(item, f"{field}/{key}").items()}


class Export:
    """Reads an export line by line and stops at the first thing that is wrong."""

    def __init__(self, stream, keys):
        self.lines = enumerate(iter(lambda: stream.readline(LINE_LIMIT), b""), start=1)
        self.count, self.last_index, self.is_whole = 0, -1, False
        self.size, self.root, self.signed_by, self.keys, self.subjects = 0, b"", "", keys, OrderedDict()
        self.gone, self.redacted = {}, set()  # texts: event and field

    def verify(self):
        for number, raw in self.lines:
            try:
                if self._is_last(raw, number):
                    break
            except NotVerified as err:
                raise NotVerified(f"line {number}: {err}") from err
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, MemoryError) as err:
                raise NotVerified(f"line {number}: it is not in its form ({type(err).__name__})") from err
        else:
            raise NotVerified("the export is cut short, its last line is missing")
        if next(self.lines, None):
            raise NotVerified(f"after line {number}: something follows the last line")
        if self.is_whole and self.count != self.size:
            raise NotVerified(f"the export says that it has all {self.size} events, and has {self.count}")
        for (event_id, field), number in self.gone.items():
            if self.is_whole and (event_id, field) not in self.redacted:
                raise NotVerified(f"event #{number}: {field} is missing, and no event says that it was redacted")
            say(f"{'redacted' if (event_id, field) in self.redacted else 'missing'}: event #{number}: {field}")

    def _is_last(self, raw, number):
        if not raw.endswith(b"\n"):
            raise NotVerified("it is too long to be an event" if len(raw) == LINE_LIMIT else "it is cut short")
        line = json.loads(raw)
        if number == 1:
            if line["format"] != FORMAT:
                raise NotVerified(f"the format is not {FORMAT}")
            self.size, self.root, self.signed_by = signed_tree(line["checkpoint"], self.keys)
            self.is_whole = {"all": True, "some": False}[line["selection"]]
        elif "events" in line:
            if (counted := as_int(line["events"])) != self.count:
                raise NotVerified(f"it counts {counted} events, and there are {self.count}")
        else:
            self._check_event(line)
        return number > 1 and "events" in line

    def _check_event(self, line):
        index, body, event = as_int(line["leaf_index"]), line["body"].encode(), json.loads(line["body"])
        if index <= self.last_index:
            raise NotVerified(f"leaf {index} stands after leaf {self.last_index}: doubled or out of order")
        if self.is_whole and index != self.last_index + 1:
            raise NotVerified(f"event #{self.last_index + 2} is missing")
        digest, leaf = hashlib.sha256(body).hexdigest(), hashlib.sha256(b"\x00" + body).digest()
        if digest != line["digest"] or leaf.hex() != line["leaf_hash"]:
            raise NotVerified(f"event #{index + 1}: its body does not have the hashes it claims")
        if root_of(leaf, index, self.size, [bytes.fromhex(node) for node in line["proof"]]) != self.root:
            raise NotVerified(f"event #{index + 1}: its proof does not lead to the signed root")
        self.count, self.last_index = self.count + 1, index
        self._check_texts(event, line.get("personal", {}), index)
        if event["subject"]:
            self._check_chain(event, digest, index)

    def _check_texts(self, event, texts, index):
        expected = commitments(event) if event["version"] > 1 else {}  # before that, texts stood in the body
        for field, found in texts.items():
            salt, text = bytes.fromhex(found["salt"]), found["text"].encode()
            if len(salt) != 32 or hashlib.sha256(salt + text).hexdigest() != expected.pop(field, None):
                raise NotVerified(f"event #{index + 1}: {field} is not the text that was recorded")
        self.gone |= {(event["event_id"], field): index + 1 for field in expected}
        if event["action"] == "audit.redacted":
            self.redacted |= {(event["target"]["id"], field) for field in event["detail"]["fields"]}

    def _check_chain(self, event, digest, index):
        """Events of one subject that follow each other by number must do so by digest; a selection may have gaps."""
        subject, number, previous = event["subject"], event["sequence"], event["previous_digest"]
        is_first = self.is_whole and len(self.subjects) < SUBJECTS_REMEMBERED
        if before := self.subjects.pop(subject, (0, "", "") if is_first else None):
            fits = {1: previous == before[1], 0: False, -1: digest == before[2]}  # the last for one that came late
            if not fits.get(number - before[0], True) or (self.is_whole and number != before[0] + 1):
                raise NotVerified(f"event #{index + 1}: it does not follow event {before[0]} of {subject}")
        self.subjects[subject] = (number, digest, previous)
        if len(self.subjects) > SUBJECTS_REMEMBERED:
            self.subjects.popitem(last=False)


def say(text):
    """What steers a terminal is told as its code."""
    print("".join(character if character.isprintable() else ascii(character)[1:-1] for character in text))


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        keys = public_keys(arguments[1])
        with open(arguments[0], "rb") as stream:
            export = Export(stream, keys)
            export.verify()
    except NotVerified as err:
        say(f"NOT VERIFIED: {err}")
        return 2
    except (OSError, ValueError) as err:
        print(f"cannot verify: {err}", file=sys.stderr)
        return 1
    if not export.signed_by.endswith(list(keys)[-1].hex()):
        say("WARNING: sealed by a retired key. Who has it can seal what they like: get an export by the key of today.")
    gone, redacted = len(export.gone), len(export.gone.keys() & export.redacted)
    extent = f"{'all' if export.is_whole else 'a selection'} of {export.size}, sealed by {export.signed_by}"
    say(f"VERIFIED: {export.count} events, {extent}, {gone - redacted} texts missing, {redacted} texts redacted")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
