"""The portal's own settings over an environment made for tests. DATABASE_URL and CELERY_BROKER_URL may be given."""

import atexit
import os
import re
import shutil
import tempfile

# A pytest-xdist worker has a folder and a Redis database of its own; the processes that its tests start share them.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
if os.environ.get("TESTS_OF") != _worker:
    _folder = tempfile.mkdtemp(prefix="reimage-portal-tests-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ |= {"TESTS_OF": _worker, "VAR_DIR": _folder}
    if os.environ.get("CELERY_BROKER_URL", "").startswith("redis://"):
        _number = str(int(_worker.removeprefix("gw")) + 1)
        os.environ["CELERY_BROKER_URL"] = re.sub(r"/\d+$", f"/{_number}", os.environ["CELERY_BROKER_URL"])

_DEFAULTS = {
    "PUBLIC_URL": "http://localhost:8000",
    "SECRET_KEY": "a-key-for-tests-only-that-is-long-enough-to-be-accepted",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "ENTRA_AUTHORITY": "https://localhost:1/11111111-1111-4111-8111-111111111111",
    "ENTRA_CLIENT_ID": "c0000000-0000-4000-8000-000000000001",
    "ENTRA_CLIENT_SECRET": "sandbox-portal-secret",
    "GRAPH_URL": "https://localhost:1",
    "ACCOUNT_CHECK_SECONDS": "0",
    "AZURE_RESOURCE_MANAGER": "https://localhost:1",
    "AZURE_SUBSCRIPTIONS": "aaaaaaaa-0000-4000-8000-000000000001,aaaaaaaa-0000-4000-8000-000000000002",
    "AZURE_CREDENTIAL": "client-secret",
    "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-000000000003",
    "AZURE_CLIENT_SECRET": "sandbox-operator-secret",
    "SEALING_PUBLIC_KEY": "Gsb1yS7dDc0Zb4o1kVf2m3p5q7s9u1w3y5A7C9E1G3I=",  # replaced by a fixture
    "LOG_LEVEL": "WARNING",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)

from portal.settings import *  # noqa: E402, F403  # the same settings, over the environment above

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT = VAR_DIR / "static"  # noqa: F405  # from the settings above
STATIC_ROOT.mkdir(exist_ok=True)
