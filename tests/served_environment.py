"""The environment of an imagined installation on https, for checks: python -m tests.served_environment COMMAND…"""

import os
import sys

from portal.environment import CONTRACT

SERVED = {
    "PUBLIC_URL": "https://reimage.example.com",
    "SECRET_KEY": "Zq3-for-checks-only-and-never-for-a-real-site-8vK1xW7pLr0aTn5",
    "ALLOWED_HOSTS": "reimage.example.com",
    "DATABASE_URL": "postgres://portal:secret@db.example.com/portal?sslmode=verify-full&sslrootcert=system",
    "CELERY_BROKER_URL": "rediss://broker.example.com/0",
    "ENTRA_AUTHORITY": "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111",
    "ENTRA_CLIENT_ID": "c0000000-0000-4000-8000-000000000001",
    "ENTRA_CLIENT_SECRET": "an-example-secret",
    "AZURE_RESOURCE_MANAGER": "https://management.azure.com",
    "AZURE_SUBSCRIPTIONS": "aaaaaaaa-0000-4000-8000-000000000001",
    "AZURE_CREDENTIAL": "managed-identity",
    "SEALING_PUBLIC_KEY": "Gsb1yS7dDc0Zb4o1kVf2m3p5q7s9u1w3y5A7C9E1G3I=",
    "MAIL_FROM": "reimage@example.com",
}


def served_environment(base: dict[str, str]) -> dict[str, str]:
    """The base without any of the contract's variables, and the installation's on top."""
    ours = {setting.name for setting in CONTRACT} | {f"{setting.name}_FILE" for setting in CONTRACT}
    return {name: value for name, value in base.items() if name not in ours} | SERVED


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], served_environment(dict(os.environ)))  # noqa: S606  # no shell is wanted
