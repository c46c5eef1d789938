"""What a served portal asks of its database, broker, syslog and mail server: TLS verified, or no network.

Whoever stands between could otherwise read requests and sessions, or answer in their place. Knows nothing of Django.
"""

import ssl
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
# Parameters of libpq that lead to another server than the one that the address names.
REDIRECTING = frozenset({"hostaddr", "service"})
SECURE_BROKERS = frozenset({"rediss", "amqps"})
PLAIN_BROKERS = frozenset({"redis", "amqp", "pyamqp"})


def connection_problems(values: Mapping[str, str]) -> list[str]:
    """One sentence for each variable that names a server in the network without verified TLS; never its value."""
    found = []
    if values["DATABASE_URL"] and not _is_database_verified(values["DATABASE_URL"]):
        found.append(
            "DATABASE_URL leads over the network without verified TLS: end it with ?sslmode=verify-full"
            "&sslrootcert=/path/of/authorities.pem, or use a local socket."
        )
    if values["CELERY_BROKER_URL"] and not all(map(_is_broker_verified, values["CELERY_BROKER_URL"].split(";"))):
        found.append(
            "CELERY_BROKER_URL leads over the network without verified TLS: begin it with rediss:// or amqps:// and "
            "leave out every ssl_ parameter; CELERY_BROKER_CA_BUNDLE names your own authorities."
        )
    found += [
        f"{name} leads over the network, where syslog is plain: name a syslog of this machine, which sends it on "
        "by TLS, or the loopback end of a tunnel."
        for name in ("AUDIT_STREAM", "AUDIT_ANCHOR_SYSLOG")
        if not _is_syslog_local(values[name].removeprefix("syslog://"))
    ]
    return found


def broker_tls(url: str, ca_bundle: str) -> dict[str, object] | bool:
    """Celery's `broker_use_ssl`. Without it kombu believes any certificate of rediss:// and any host name.

    https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-use-ssl
    """
    parts = urlsplit(url.partition(";")[0])
    if parts.scheme not in SECURE_BROKERS:
        return False
    if parts.scheme == "rediss":
        verified: dict[str, object] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
        return verified | ({"ssl_ca_certs": ca_bundle} if ca_bundle else {})
    verified = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname}
    return verified | ({"ca_certs": ca_bundle} if ca_bundle else {})


def _is_database_verified(url: str) -> bool:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    if parts.scheme == "sqlite" or options.get("sslmode") == ["verify-full"]:
        return True
    hosts = [unquote(parts.hostname or ""), *options.get("host", [])]
    return not REDIRECTING & options.keys() and all(map(_is_local, hosts))


def _is_broker_verified(url: str) -> bool:
    parts = urlsplit(url)
    if any(name.startswith("ssl_") for name in parse_qs(parts.query)):
        return False
    if parts.scheme in ("filesystem", "redis+socket", *SECURE_BROKERS):
        return True
    return parts.scheme in PLAIN_BROKERS and (parts.hostname or "") in LOOPBACK_HOSTS


def _is_syslog_local(target: str) -> bool:
    try:
        return target in ("", "stdout") or target[0] == "/" or urlsplit(f"//{target}").hostname in LOOPBACK_HOSTS
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    """Nothing, a folder or an abstract name is a socket of this machine."""
    return not host or host[0] in "/@" or host in LOOPBACK_HOSTS
