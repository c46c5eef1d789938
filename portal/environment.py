"""Reads the configuration contract from the environment and refuses what is missing or senseless.

Every problem is reported at once, with the variable's name and how to mend it. Knows nothing of Django.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.environment_problems import AZURE_CREDENTIALS, is_loopback, problems_of


class ConfigurationProblem(Exception):
    """The environment cannot be used; the message lists each variable and its remedy."""


@dataclass(frozen=True)
class Setting:
    """One row of the contract. `local` is the default on a loopback PUBLIC_URL, `default` everywhere."""

    name: str
    meaning: str
    default: str | None = None
    local: str | None = None
    secret: bool = False
    required: bool = True


CONTRACT: tuple[Setting, ...] = (
    Setting("PUBLIC_URL", "where people reach the portal, for example https://reimage.example.com"),
    Setting("VAR_DIR", "folder of the embedded database, broker, mails and keys", default="var"),
    Setting(
        "SECRET_KEY", "at least 50 random characters: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        secret=True,
    ),
    Setting("ALLOWED_HOSTS", "host names that the portal answers to, separated by commas", local="localhost,127.0.0.1"),
    Setting("AUDIT_ADDRESS_SOURCE", "who tells the audit log a client's address: REMOTE_ADDR, or HTTP_ and a header that the proxy sets", default="REMOTE_ADDR"),
    Setting("DATABASE_URL", "postgres://user:password@host/name?sslmode=verify-full&sslrootcert=/path/ca.pem, or sqlite:///path", local="sqlite:///{var}/portal.sqlite3", secret=True),
    Setting("CELERY_BROKER_URL", "rediss://host/0, amqps://user:password@host// or filesystem://localhost; redis:// and amqp:// on this machine", local="filesystem://localhost", secret=True),
    Setting("CELERY_BROKER_CA_BUNDLE", "PEM file of the authorities to trust for the broker; the system's if unset", required=False),
    Setting("ENTRA_AUTHORITY", "https://login.microsoftonline.com/ followed by your tenant id"),
    Setting("ENTRA_CLIENT_ID", "application (client) id of the portal's app registration"),
    Setting("ENTRA_CLIENT_SECRET", "client secret of that app registration", secret=True),
    Setting("STEP_UP_MINUTES", "age of a sign-in up to which somebody may submit, approve, grant or settle", default="15"),
    Setting("STEP_UP_ACRS", "authentication context of Entra's conditional access that these need besides, for example c1", required=False),
    Setting("SIGN_IN_LIMIT", "sign-ins that one address may begin in ten minutes", default="300"),
    Setting("SUBMISSION_LIMIT", "requests that one person may draft, and submit, in ten minutes", default="60"),
    Setting("DECISION_LIMIT", "requests that one person may decide in ten minutes", default="120"),
    Setting("GRAPH_URL", "Microsoft Graph, asked for groups beyond 200 and for closed accounts", default="https://graph.microsoft.com"),
    Setting("ACCOUNT_CHECK_SECONDS", "time between two looks at whether people who are signed in still have an account, else their sessions end; 0: never", default="60"),
    Setting("ACCOUNT_CHECK_CLIENT_ID", "client id of the registration that may ask this of Graph, for the worker alone; ENTRA_CLIENT_ID's if unset", required=False),
    Setting("ACCOUNT_CHECK_CLIENT_SECRET", "its client secret", required=False, secret=True),
    Setting("AZURE_RESOURCE_MANAGER", "https://management.azure.com or a sovereign cloud's address"),
    Setting("AZURE_SUBSCRIPTIONS", "subscription ids whose machines are offered, separated by commas"),
    Setting("AZURE_CREDENTIAL", "one of " + ", ".join(AZURE_CREDENTIALS)),
    Setting("AZURE_TENANT_ID", "tenant of the portal's Azure identity; the authority's tenant if unset", required=False),
    Setting("AZURE_CLIENT_ID", "client id of the portal's Azure identity (not for a system-assigned one)", required=False),
    Setting("AZURE_CLIENT_SECRET", "its secret, with AZURE_CREDENTIAL=client-secret", required=False, secret=True),
    Setting("AZURE_CLIENT_CERTIFICATE_FILE", "PEM file of its certificate and private key, with AZURE_CREDENTIAL=client-certificate", required=False),
    Setting("AZURE_FEDERATED_TOKEN_FILE", "file of its federated token, with AZURE_CREDENTIAL=workload-identity; AKS sets it", required=False),
    Setting("AZURE_CA_BUNDLE", "PEM file of the authorities to trust for Entra ID and Azure, and no other; Mozilla's, which the portal brings along, if unset", required=False),
    Setting("SEALING_PUBLIC_KEY", "public key that seals passwords (base64; made by deploy/sealing_key.py)"),
    Setting("SEALING_PRIVATE_KEY_FILE", "private halves, for the worker alone: a file (mode 0400), several with commas, or a folder of .pem files; or a key in a security module (pkcs11:…)", required=False),
    Setting("AUDIT_SIGNING_KEY_FILE", "private key that signs the audit log's checkpoints, for the worker alone (file mode 0400; made by deploy/audit_key.py), or pkcs11:…", required=False),
    Setting("AUDIT_PUBLIC_KEYS", "public keys of the audit log, oldest first, separated by commas; audit_verify trusts these alone", required=False),
    Setting("AUDIT_ANCHOR_FILE", "file outside the database that every checkpoint is added to; audit-anchors.jsonl under VAR_DIR if unset", required=False),
    Setting("AUDIT_ANCHOR_SYSLOG", "syslog that is told every checkpoint too: host:port (TCP), or a local socket like /dev/log", required=False),
    Setting("AUDIT_ANCHOR_WEBHOOK", "https address that every checkpoint is posted to as well, as JSON Lines", required=False, secret=True),
    Setting("AUDIT_ANCHOR_WEBHOOK_TOKEN", "bearer token for that address", required=False, secret=True),
    Setting("AUDIT_STREAM", "where sealed audit events go for a SIEM, as JSON Lines: stdout (the worker's), syslog://host:port (TCP) or syslog:///dev/log", required=False),
    Setting("PASSWORD_MODE", "how a new administrator password comes: sealed with the request, at_release (given after the approval) or generated (by the worker, shown once)", default="sealed"),
    Setting("PASSWORD_HOURS", "how long at_release waits for the password, and generated keeps it to be seen", default="24"),
    Setting("EMAIL_HOST", "SMTP server; without one, mails are files under VAR_DIR/mail", required=False),
    Setting("EMAIL_PORT", "port of the SMTP server: 587 for STARTTLS, 465 for TLS from the start", default="587"),
    Setting("EMAIL_HOST_USER", "user at the SMTP server", required=False),
    Setting("EMAIL_HOST_PASSWORD", "its password", required=False, secret=True),
    Setting("MAIL_FROM", "sender of the portal's mails", local="reimage-portal@localhost"),
    Setting("TIME_ZONE", "time zone of people whose browser does not tell theirs", default="UTC"),
    Setting("OPERATION_POLL_SECONDS", "time between two looks at a running reimage, unless Azure says otherwise; 60 at most", default="15"),
    Setting("OPERATION_LEASE_SECONDS", "how long a worker that died holds an operation; 30 at least, as one call to Azure may take 20", default="30"),
    Setting("OPERATION_QUARANTINE_SECONDS", "time without evidence after which a refusal that left no trace is sent again, and an administrator decides what became of a lost answer; 900 at least, as the Activity Log is minutes late", default="1200"),
    Setting("READY_SILENCE_SECONDS", "silence of worker or beat, and age of the last sweep, that /readyz reports", default="60"),
    Setting("READY_DUE_SECONDS", "how long work may wait for a worker before /readyz reports it", default="120"),
    Setting("METRICS_TOKEN", "bearer token that Prometheus sends to /metrics; without one there is no /metrics", required=False, secret=True),
    Setting("SWEEPER_GRACE_SECONDS", "how long something may be overdue before a worker takes it up without the broker", default="10"),
    Setting("BREAKER_REIMAGES", "reimages of one subscription within BREAKER_MINUTES, beyond which an administrator is waited for; 0: never", default="10"),
    Setting("BREAKER_MINUTES", "the time over which BREAKER_REIMAGES counts", default="10"),
    Setting("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", default="INFO"),
    Setting("LOG_FORMAT", "json, or console for people", default="json"),
)  # fmt: skip


@dataclass
class _Reading:
    source: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, setting: Setting, *, local: bool, var: str) -> str:
        """The value, read from NAME or, for secrets, from the file that NAME_FILE names."""
        value = self.source.get(setting.name, "").strip() or self._from_file(setting)
        if not value:
            fallback = setting.local if local and setting.local is not None else setting.default
            value = (fallback or "").format(var=var)
        if not value and setting.required:
            self.problems.append(f"{setting.name} is not set: {setting.meaning}.")
        return value

    def _from_file(self, setting: Setting) -> str:
        path = self.source.get(f"{setting.name}_FILE", "").strip() if setting.secret else ""
        if not path:
            return ""
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as err:
            self.problems.append(f"{setting.name}_FILE names {path}, which cannot be read ({err.strerror}).")
            return ""


@dataclass(frozen=True)
class Environment:
    """The contract's values as text; empty where an optional one is unset."""

    values: Mapping[str, str]
    local: bool

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def items_of(self, name: str) -> list[str]:
        """A comma-separated value as a list."""
        return [item.strip() for item in self.values[name].split(",") if item.strip()]


def read_environment(source: Mapping[str, str] | None = None, *, base_dir: Path) -> Environment:
    """Reads and checks the contract.

    Raises ConfigurationProblem with every finding. An installation on a loopback PUBLIC_URL may use the
    defaults under VAR_DIR and http; any other must set everything and use https throughout.
    """
    reading = _Reading(os.environ if source is None else source)
    local = is_loopback(reading.source.get("PUBLIC_URL", ""))
    var = str((base_dir / (reading.source.get("VAR_DIR") or "var")).resolve())
    values = {setting.name: reading.text(setting, local=local, var=var) for setting in CONTRACT}
    values["VAR_DIR"] = var
    reading.problems += problems_of(values, local=local)
    if reading.problems:
        raise ConfigurationProblem("The portal cannot start.\n" + "\n".join(f"  - {line}" for line in reading.problems))
    return Environment(values, local)
