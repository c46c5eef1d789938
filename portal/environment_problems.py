"""What is senseless in the values of the configuration contract: one line for each finding, with its remedy."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from portal.connections import LOOPBACK_HOSTS, connection_problems
from portal.security_module.uri import KeyUri, KeyUriError, is_key_uri

SHARED_AUTHORITIES = frozenset({"common", "organizations", "consumers"})
MIN_LEASE_SECONDS = 30  # of which the reimage POST alone may take 20
MAX_POLL_SECONDS = 60  # a quarantine is a time of many looks
MIN_QUARANTINE_SECONDS = 900  # the Activity Log may be that late
ZERO_FOR_NEVER = ("ACCOUNT_CHECK_SECONDS", "BREAKER_REIMAGES")
WHOLE_NUMBERS = (
    "STEP_UP_MINUTES",
    "SIGN_IN_LIMIT",
    "SUBMISSION_LIMIT",
    "DECISION_LIMIT",
    "PASSWORD_HOURS",
    "EMAIL_PORT",
    "OPERATION_POLL_SECONDS",
    "OPERATION_LEASE_SECONDS",
    "OPERATION_QUARANTINE_SECONDS",
    "BREAKER_MINUTES",
    "SWEEPER_GRACE_SECONDS",
    "READY_SILENCE_SECONDS",
    "READY_DUE_SECONDS",
)
AZURE_CREDENTIALS = ("managed-identity", "workload-identity", "client-secret", "client-certificate")
PASSWORD_MODES = ("sealed", "at_release", "generated")


def problems_of(values: Mapping[str, str], *, local: bool) -> list[str]:
    """All findings. `local` installations may use http and this machine's own services."""
    found = [*_address_problems(values, local=local), *_choice_problems(values), *_key_problems(values)]
    return found if local else [*found, *_quarantine_problems(values), *connection_problems(values)]


def is_loopback(url: str) -> bool:
    """Whether an address points at this very machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def _address_problems(values: Mapping[str, str], *, local: bool) -> list[str]:
    found = []
    schemes = ("http", "https") if local else ("https",)
    parts = urlsplit(values["PUBLIC_URL"])
    if values["PUBLIC_URL"] and (parts.scheme not in schemes or not parts.hostname or parts.path.strip("/")):
        found.append("PUBLIC_URL must be https:// and a host, without a path (http only on localhost).")
    for name in ("ENTRA_AUTHORITY", "GRAPH_URL", "AZURE_RESOURCE_MANAGER"):
        if values[name] and urlsplit(values[name]).scheme != "https":
            found.append(f"{name} must begin with https://, it is {values[name]!r}.")
    webhook = values["AUDIT_ANCHOR_WEBHOOK"]
    if webhook and urlsplit(webhook).scheme != "https" and not (local and is_loopback(webhook)):
        found.append("AUDIT_ANCHOR_WEBHOOK must begin with https://.")
    tenant = urlsplit(values["ENTRA_AUTHORITY"]).path.strip("/").lower()
    if values["ENTRA_AUTHORITY"] and (not tenant or "/" in tenant or tenant in SHARED_AUTHORITIES):
        found.append("ENTRA_AUTHORITY must end in one tenant id: common, organizations and consumers let anybody in.")
    return found


def _choice_problems(values: Mapping[str, str]) -> list[str]:
    found = []
    credential = values["AZURE_CREDENTIAL"]
    if credential and credential not in AZURE_CREDENTIALS:
        found.append(f"AZURE_CREDENTIAL is {credential!r}: choose one of {', '.join(AZURE_CREDENTIALS)}.")
    mode = values["PASSWORD_MODE"]
    if mode not in PASSWORD_MODES:
        found.append(f"PASSWORD_MODE is {mode!r}: choose one of {', '.join(PASSWORD_MODES)}.")
    if not re.fullmatch(r"REMOTE_ADDR|HTTP_[A-Z0-9]+(_[A-Z0-9]+)*", values["AUDIT_ADDRESS_SOURCE"]):
        found.append(
            f"AUDIT_ADDRESS_SOURCE is {values['AUDIT_ADDRESS_SOURCE']!r}: choose REMOTE_ADDR, or HTTP_ and the name of "
            "a header in capitals with underscores, for example HTTP_X_FORWARDED_FOR."
        )
    if values["STEP_UP_ACRS"] and not re.fullmatch(r"c[1-9][0-9]?", values["STEP_UP_ACRS"]):
        found.append(f"STEP_UP_ACRS is {values['STEP_UP_ACRS']!r}: choose the id of a context, c1 to c99.")
    pair = ("ACCOUNT_CHECK_CLIENT_ID", "ACCOUNT_CHECK_CLIENT_SECRET")
    if bool(values[pair[0]]) != bool(values[pair[1]]):
        found.append(f"{' and '.join(pair)} belong together: set both, or neither.")
    needed = {
        "client-secret": ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"),
        "client-certificate": ("AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_FILE"),
        "workload-identity": ("AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
    }.get(credential, ())
    found += [f"{name} is not set, but AZURE_CREDENTIAL={credential} needs it." for name in needed if not values[name]]
    if values["LOG_LEVEL"].upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        found.append(f"LOG_LEVEL is {values['LOG_LEVEL']!r}: choose DEBUG, INFO, WARNING or ERROR.")
    stream = values["AUDIT_STREAM"]
    if stream and not re.fullmatch(r"stdout|syslog://([^/\s:]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?|syslog:///\S+", stream):
        found.append(f"AUDIT_STREAM is {stream!r}: choose stdout, syslog://host:port or syslog:///dev/log.")
    return found + _number_problems(values)


def _number_problems(values: Mapping[str, str]) -> list[str]:
    found = []
    for name in ZERO_FOR_NEVER:
        if not values[name].isdecimal():
            found.append(f"{name} must be a whole number, 0 for never, it is {values[name]!r}.")
    for name in WHOLE_NUMBERS:
        if not values[name].isdecimal() or not int(values[name]):
            found.append(f"{name} must be a whole number above 0, it is {values[name]!r}.")
        elif name == "OPERATION_LEASE_SECONDS" and int(values[name]) < MIN_LEASE_SECONDS:
            found.append(f"{name} must be {MIN_LEASE_SECONDS} at least, it is {values[name]!r}.")
        elif name == "OPERATION_POLL_SECONDS" and int(values[name]) > MAX_POLL_SECONDS:
            found.append(f"{name} must be {MAX_POLL_SECONDS} at most, it is {values[name]!r}.")
    return found


def _quarantine_problems(values: Mapping[str, str]) -> list[str]:
    """A sandbox's Activity Log may be quick; Azure's is late, and too early a look at it sends a reimage twice."""
    name = "OPERATION_QUARANTINE_SECONDS"
    if values[name].isdecimal() and 0 < int(values[name]) < MIN_QUARANTINE_SECONDS:
        return [f"{name} must be {MIN_QUARANTINE_SECONDS} at least, it is {values[name]!r}."]
    return []


def _key_problems(values: Mapping[str, str]) -> list[str]:
    found = []
    if values["SECRET_KEY"] and len(values["SECRET_KEY"]) < 50:
        found.append("SECRET_KEY is too short: use at least 50 random characters.")
    if values["SEALING_PUBLIC_KEY"] and not _can_seal(values["SEALING_PUBLIC_KEY"]):
        found.append("SEALING_PUBLIC_KEY is no X25519 key in base64: give it what deploy/sealing_key.py printed.")
    if values["METRICS_TOKEN"] and len(values["METRICS_TOKEN"]) < 20:
        found.append("METRICS_TOKEN is too short: use at least 20 random characters.")
    for name in ("AZURE_CA_BUNDLE", "CELERY_BROKER_CA_BUNDLE", "AZURE_CLIENT_CERTIFICATE_FILE"):
        if values[name] and not Path(values[name]).is_file():
            found.append(f"{name} names {values[name]}, which is not a file.")
        elif name == "AZURE_CLIENT_CERTIFICATE_FILE" and values[name] and not _is_identity(Path(values[name])):
            found.append(f"{name} names {values[name]}, which holds no certificate with its private key in PEM.")
    return found + _private_key_problems(values)


def _private_key_problems(values: Mapping[str, str]) -> list[str]:
    """Addresses of keys in a security module alone. A key that is not there stops a worker at its start (tasks.py), but
    no command: with the worker's environment somebody looks why, pauses execution, or replaces the key that is lost.
    """
    names = [("SEALING_PRIVATE_KEY_FILE", key.strip()) for key in values["SEALING_PRIVATE_KEY_FILE"].split(",")]
    found = []
    for name, key in [*names, ("AUDIT_SIGNING_KEY_FILE", values["AUDIT_SIGNING_KEY_FILE"])]:
        try:
            if is_key_uri(key):
                KeyUri.parse(key)
        except KeyUriError as err:
            found.append(f"{name} cannot be used. {err}")
    return found


def _is_identity(file: Path) -> bool:
    """What cannot be read by this user is another process's."""
    try:
        content = file.read_bytes()
    except OSError:
        return True
    try:
        certificate, key = load_pem_x509_certificate(content), load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return certificate.public_key() == key.public_key()


def _can_seal(public_key: str) -> bool:
    """Tried, not only read: a few values of the right length are no point that anything can be sealed for."""
    try:
        recipient = X25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        X25519PrivateKey.generate().exchange(recipient)
    except ValueError:
        return False
    return True
