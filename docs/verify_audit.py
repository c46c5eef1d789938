#!/usr/bin/env python3
"""Verifies an export of the portal's audit log, with no trust in the portal: python verify_audit.py EXPORT PUBLIC_KEYS

EXPORT is a file of audit_export or a proof from an event's page. PUBLIC_KEYS is a file with the log's public keys, or
such a key itself (NAME+KEYID+BASE64); get it from the people who run the portal, not with the export.
Needs Python 3.11 and the package cryptography. Exit code 0: verified; 2: not; 1: could not be read at all.

What is verified: the signature under the checkpoint (https://c2sp.org/tlog-checkpoint); for each event, that its body
has the digest and the leaf hash it claims, and that the proof leads from there to the signed root (RFC 6962, RFC 9162
section 2.1.3.2); that each personal text is what the body has a commitment to (SHA-256 of salt and text; where there is
no text any more, it is said to be redacted); that events stand in their order, none twice; within a subject, that each
event follows the one before; and that the file is whole. A selection proves what it holds; whether it is complete, only
an export of all events can tell. Memory is bounded by one line, however long the file.
"""

import base64
import hashlib
import json
import sys
from collections import OrderedDict
from contextlib import suppress

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
    for entry in argument.replace(",", "\n").split():
        name, _, rest = entry.removeprefix("after-loss:").partition("+")
        raw = base64.b64decode(rest.partition("+")[2], validate=True)
        if len(raw) != 33 or raw[0] != 1:
            raise ValueError(f"{entry!r} is no public key of an audit log")
        keys[hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]] = (name, raw[1:])
    if not keys:
        raise ValueError("there is no public key")
    return keys


def signed_tree(note, keys):
    """Size and root of the tree that a checkpoint signs for, and who signed."""
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = (text + "\n").split("\n")[:3]
    for line in signatures.splitlines():
        _, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        key_name, key = keys.get(raw[:4], ("", b""))
        if key_name == name == origin:
            Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], (text + "\n").encode())
            return int(size), base64.b64decode(root, validate=True), f"{name}+{raw[:4].hex()}"
    raise NotVerified("the checkpoint is not signed by the public key that you gave")


def root_of(leaf, index, size, proof):
    """Where a proof leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise NotVerified("its place is outside of the signed tree")
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            raise NotVerified("its proof is too long")
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    if last:
        raise NotVerified("its proof is too short")
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
        self.lines, self.keys, self.subjects = self._lines(stream), keys, OrderedDict()
        self.count, self.last_index, self.is_whole, self.redacted = 0, -1, False, 0
        self.size, self.root, self.signed_by = 0, b"", ""

    def _lines(self, stream):
        for number, raw in enumerate(iter(lambda: stream.readline(LINE_LIMIT), b""), start=1):
            if not raw.endswith(b"\n"):
                what = "too long to be an event" if len(raw) == LINE_LIMIT else "cut short"
                raise NotVerified(f"line {number}: it is {what}")
            yield number, raw

    def verify(self):
        number = 0
        for number, raw in self.lines:
            try:
                if self._is_last(json.loads(raw), number):
                    break
            except NotVerified as err:
                raise NotVerified(f"line {number}: {err}") from err
            except InvalidSignature as err:
                raise NotVerified(f"line {number}: the signature under the checkpoint is false") from err
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, MemoryError) as err:
                raise NotVerified(f"line {number}: it is not in its form ({type(err).__name__})") from err
        else:
            raise NotVerified(f"after line {number}: the export is cut short, its last line is missing")
        if next(self.lines, None):
            raise NotVerified(f"after line {number}: something follows the last line")
        if self.is_whole and self.count != self.size:
            raise NotVerified(f"the export says that it has all {self.size} events, and has {self.count}")

    def _is_last(self, line, number):
        if number == 1:
            if line["format"] != FORMAT:
                raise NotVerified(f"the format is {line['format']!r}, not {FORMAT!r}")
            self.size, self.root, self.signed_by = signed_tree(line["checkpoint"], self.keys)
            self.is_whole = {"all": True, "some": False}[line["selection"]]
        elif "events" in line:
            if line["events"] != self.count:
                raise NotVerified(f"it counts {line['events']} events, and there are {self.count}")
        else:
            self._check_event(line)
        return number > 1 and "events" in line

    def _check_event(self, line):
        index, body, event = line["leaf_index"], line["body"].encode(), json.loads(line["body"])
        if type(index) is not int or index <= self.last_index:
            raise NotVerified(f"leaf {index!r} stands after leaf {self.last_index}: doubled or out of order")
        if self.is_whole and index != self.last_index + 1:
            raise NotVerified(f"event #{self.last_index + 2} is missing")
        digest, leaf = hashlib.sha256(body).hexdigest(), hashlib.sha256(b"\x00" + body).digest()
        if digest != line["digest"] or leaf.hex() != line["leaf_hash"]:
            raise NotVerified(f"event #{index + 1}: its body does not have the hashes it claims")
        if root_of(leaf, index, self.size, [bytes.fromhex(node) for node in line["proof"]]) != self.root:
            raise NotVerified(f"event #{index + 1}: its proof does not lead to the signed root")
        self.count, self.last_index = self.count + 1, index
        self._check_texts(event, line.get("personal", {}), index)
        self._check_chain(event, digest, index)

    def _check_texts(self, event, texts, index):
        expected = commitments(event) if event["version"] > 1 else {}  # before that, texts stood in the body
        for field, found in texts.items():
            salt, text = bytes.fromhex(found["salt"]), found["text"].encode()
            if len(salt) != 32 or hashlib.sha256(salt + text).hexdigest() != expected.pop(field, None):
                raise NotVerified(f"event #{index + 1}: {field} is not the text that was recorded")
        for field in expected:
            print(f"redacted: event #{index + 1}: {field}")
        self.redacted += len(expected)

    def _check_chain(self, event, digest, index):
        """Two events of one subject that follow each other by number must do so by digest."""
        if not (subject := event["subject"]):
            return
        before, before_digest = self.subjects.pop(subject, (0 if self.is_whole else None, ""))
        is_known = before is not None and not (before == 0 and len(self.subjects) >= SUBJECTS_REMEMBERED)
        if is_known and (event["sequence"] != before + 1 or event["previous_digest"] != before_digest):
            raise NotVerified(f"event #{index + 1}: it does not follow event {before} of {subject}")
        self.subjects[subject] = (event["sequence"], digest)
        if len(self.subjects) > SUBJECTS_REMEMBERED:
            self.subjects.popitem(last=False)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    try:
        keys = public_keys(arguments[1])
        with open(arguments[0], "rb") as stream:
            export = Export(stream, keys)
            export.verify()
    except NotVerified as err:
        print(f"NOT VERIFIED: {err}")
        return 2
    except (OSError, ValueError) as err:
        print(f"cannot verify: {err}", file=sys.stderr)
        return 1
    extent = "all" if export.is_whole else "a selection"
    words = f"{extent} of {export.size}, sealed by {export.signed_by}, {export.redacted} texts redacted"
    print(f"VERIFIED: {export.count} events, {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
