"""Django's settings, from the environment alone (see environment.py for the contract)."""

from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import content_policy
from portal.connections import broker_tls
from portal.environment import ConfigurationProblem, read_environment
from portal.logging import logging_settings
from portal.postgresql import connection_options

BASE_DIR = Path(__file__).resolve().parent.parent
try:
    ENVIRONMENT = read_environment(base_dir=BASE_DIR)
except ConfigurationProblem as err:
    raise ImproperlyConfigured(str(err)) from None

VAR_DIR = Path(ENVIRONMENT["VAR_DIR"])
VAR_DIR.mkdir(parents=True, exist_ok=True)
PUBLIC_URL = ENVIRONMENT["PUBLIC_URL"].rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")

DEBUG = False
SECRET_KEY = ENVIRONMENT["SECRET_KEY"]
ALLOWED_HOSTS = ENVIRONMENT.items_of("ALLOWED_HOSTS")
AUDIT_ADDRESS_SOURCE = ENVIRONMENT["AUDIT_ADDRESS_SOURCE"]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "portal",
    "portal.identity",
    "portal.audit",
    "portal.health",
    "reimage",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, where templates/django/forms does not replace them
    "bootstrap",  # django-bootstrap-static
    "django_filters",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "portal.logging.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # after what every answer says, static files too
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.protection.FetchMetadataMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.audit.middleware.AuditContextMiddleware",
    "portal.identity.middleware.SessionLimitsMiddleware",
    "portal.identity.middleware.PersonalSettingsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # deny by default: a view opts out, not in
    "portal.protection.RateLimitMiddleware",
    "portal.identity.middleware.StepUpMiddleware",
    "portal.identity.middleware.SessionWriteMiddleware",  # after all that notes something in the session
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.NoStoreMiddleware",
    # Here it knows the person's language, and no body was read: the first to do so is CsrfViewMiddleware.process_view.
    "portal.middleware.BodyLimitMiddleware",
    "portal.middleware.ProblemMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "reimage.context_processors.navigation",
                "reimage.context_processors.execution_banner",
            ],
        },
    },
]
DEFAULT_EXCEPTION_REPORTER = "portal.error_reports.ReportWithoutValues"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.error_reports.WithoutValues"
# In the session, a message would be written after the deed that it tells of, and could fail.
MESSAGE_STORAGE = "portal.personal_messages.PersonalCookieStorage"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database -------------------------------------------------------------------------------------------------------
DATABASES = {"default": dj_database_url.parse(ENVIRONMENT["DATABASE_URL"], conn_max_age=600, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a writer waits its turn instead of failing half-way. secure_delete: a destroyed secret is overwritten.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["OPTIONS"] = connection_options(DATABASES["default"].get("OPTIONS", {}))

# --- People and sessions --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["portal.identity.backends.EntraBackend"]
# A user is known by (tenant id, object id), a two-column key that Django's single USERNAME_FIELD cannot express.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
LOGIN_URL = "identity:sign-in"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "portal.identity.session_store"
_COOKIE_PREFIX = "__Host-" if HTTPS else ""  # no other host can set or read a cookie of such a name
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 24 * 3600  # of the row alone: how long a session that nobody came back to is still told its end
SESSION_IDLE_MINUTES = 30
SESSION_ABSOLUTE_HOURS = 8
STEP_UP_MINUTES = int(ENVIRONMENT["STEP_UP_MINUTES"])
STEP_UP_ACRS = ENVIRONMENT["STEP_UP_ACRS"]
RATE_LIMITS = {  # in ten minutes, by person, or by address before the sign-in
    "sign_in": int(ENVIRONMENT["SIGN_IN_LIMIT"]),
    "sign_in_answer": int(ENVIRONMENT["SIGN_IN_LIMIT"]),
    "draft": int(ENVIRONMENT["SUBMISSION_LIMIT"]),
    "submission": int(ENVIRONMENT["SUBMISSION_LIMIT"]),
    "decision": int(ENVIRONMENT["DECISION_LIMIT"]),
    "taking": 60,  # exports, proofs, evidence packs and samples: each is an event
    "refusal": 30,  # audit events of each kind of refusal at each page
    "foreign": 10,  # audit events of forms and links that came from elsewhere
    "csp_report": 60,
}
MESSAGES_COOKIE_NAME = f"{_COOKIE_PREFIX}messages"
PASSWORD_VIEW_COOKIE_NAME = f"{_COOKIE_PREFIX}password_view"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"

ENTRA_AUTHORITY = ENVIRONMENT["ENTRA_AUTHORITY"].rstrip("/")
ENTRA_CLIENT_ID = ENVIRONMENT["ENTRA_CLIENT_ID"]
ENTRA_CLIENT_SECRET = ENVIRONMENT["ENTRA_CLIENT_SECRET"]
GRAPH_URL = ENVIRONMENT["GRAPH_URL"].rstrip("/")
ACCOUNT_CHECK_SECONDS = int(ENVIRONMENT["ACCOUNT_CHECK_SECONDS"])
ACCOUNT_CHECK_CLIENT_ID = ENVIRONMENT["ACCOUNT_CHECK_CLIENT_ID"]
ACCOUNT_CHECK_CLIENT_SECRET = ENVIRONMENT["ACCOUNT_CHECK_CLIENT_SECRET"]
# Group ids worth asking Graph about when a person is in too many groups for the token; portal.identity knows no grants.
IDENTITY_GROUPS_OF_INTEREST = "reimage.selectors.granted_group_ids"

# --- Azure ----------------------------------------------------------------------------------------------------------
AZURE_RESOURCE_MANAGER = ENVIRONMENT["AZURE_RESOURCE_MANAGER"].rstrip("/")
AZURE_SUBSCRIPTIONS = ENVIRONMENT.items_of("AZURE_SUBSCRIPTIONS")
AZURE_CREDENTIAL = ENVIRONMENT["AZURE_CREDENTIAL"]
AZURE_TENANT_ID = ENVIRONMENT["AZURE_TENANT_ID"] or ENTRA_AUTHORITY.rsplit("/", 1)[-1]
AZURE_CLIENT_ID = ENVIRONMENT["AZURE_CLIENT_ID"]
AZURE_CLIENT_SECRET = ENVIRONMENT["AZURE_CLIENT_SECRET"]
AZURE_CLIENT_CERTIFICATE_FILE = ENVIRONMENT["AZURE_CLIENT_CERTIFICATE_FILE"]
AZURE_FEDERATED_TOKEN_FILE = ENVIRONMENT["AZURE_FEDERATED_TOKEN_FILE"]
AZURE_CA_BUNDLE = ENVIRONMENT["AZURE_CA_BUNDLE"]
SEALING_PUBLIC_KEY = ENVIRONMENT["SEALING_PUBLIC_KEY"]
PASSWORD_MODE = ENVIRONMENT["PASSWORD_MODE"]
PASSWORD_HOURS = int(ENVIRONMENT["PASSWORD_HOURS"])
SEALING_PRIVATE_KEY_FILE = ENVIRONMENT["SEALING_PRIVATE_KEY_FILE"]

# --- The seal of the audit log --------------------------------------------------------------------------------------
AUDIT_SIGNING_KEY_FILE = ENVIRONMENT["AUDIT_SIGNING_KEY_FILE"]
AUDIT_PUBLIC_KEYS = ENVIRONMENT["AUDIT_PUBLIC_KEYS"]
AUDIT_ANCHOR_FILE = ENVIRONMENT["AUDIT_ANCHOR_FILE"] or str(VAR_DIR / "audit-anchors.jsonl")
AUDIT_ANCHOR_SYSLOG = ENVIRONMENT["AUDIT_ANCHOR_SYSLOG"]
AUDIT_ANCHOR_WEBHOOK = ENVIRONMENT["AUDIT_ANCHOR_WEBHOOK"]
AUDIT_ANCHOR_WEBHOOK_TOKEN = ENVIRONMENT["AUDIT_ANCHOR_WEBHOOK_TOKEN"]
AUDIT_STREAM = ENVIRONMENT["AUDIT_STREAM"]

# --- Celery ---------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = ENVIRONMENT["CELERY_BROKER_URL"]
CELERY_BROKER_USE_SSL = broker_tls(CELERY_BROKER_URL, ENVIRONMENT["CELERY_BROKER_CA_BUNDLE"])
OPERATION_POLL_SECONDS = int(ENVIRONMENT["OPERATION_POLL_SECONDS"])
OPERATION_LEASE_SECONDS = int(ENVIRONMENT["OPERATION_LEASE_SECONDS"])
OPERATION_QUARANTINE_SECONDS = int(ENVIRONMENT["OPERATION_QUARANTINE_SECONDS"])
SWEEPER_GRACE_SECONDS = int(ENVIRONMENT["SWEEPER_GRACE_SECONDS"])
BREAKER_REIMAGES = int(ENVIRONMENT["BREAKER_REIMAGES"])
BREAKER_MINUTES = int(ENVIRONMENT["BREAKER_MINUTES"])

# --- Health ---------------------------------------------------------------------------------------------------------
# What each room tells of itself; portal.health knows none of them.
HEALTH_READERS = [
    "portal.health.signs.read",
    "reimage.figures.read",
    "portal.audit.figures.read",
    "portal.identity.figures.read",
]
READY_SILENCE_SECONDS = int(ENVIRONMENT["READY_SILENCE_SECONDS"])
READY_DUE_SECONDS = int(ENVIRONMENT["READY_DUE_SECONDS"])
METRICS_TOKEN = ENVIRONMENT["METRICS_TOKEN"]
METRICS_ARE_OPEN = ENVIRONMENT.local  # on one's own machine, where no token was made

# --- Mail -----------------------------------------------------------------------------------------------------------
EMAIL_HOST = ENVIRONMENT["EMAIL_HOST"]
EMAIL_PORT = int(ENVIRONMENT["EMAIL_PORT"])
EMAIL_HOST_USER = ENVIRONMENT["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = ENVIRONMENT["EMAIL_HOST_PASSWORD"]
EMAIL_USE_SSL = EMAIL_PORT == 465  # TLS from the start, by RFC 8314
EMAIL_USE_TLS = not EMAIL_USE_SSL  # STARTTLS; without it no mail leaves
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = ENVIRONMENT["MAIL_FROM"]

# --- Languages and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE_COOKIE_NAME = f"{_COOKIE_PREFIX}time_zone"  # portal.js writes it too
THEME_COOKIE_NAME = f"{_COOKIE_PREFIX}theme"
LANGUAGE_COOKIE_NAME = f"{_COOKIE_PREFIX}language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
TIME_ZONE = ENVIRONMENT["TIME_ZONE"]
USE_TZ = True

# --- Static files ---------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site needs ours
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Transport and content security ---------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # probes come from inside, without TLS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A request has up to 50 machines, each at worst with customData of its own: 65,535 bytes, as base64 in lines 90,000.
# These are 4.5 MB; the rest is room for the other fields and for an upload that is too long, which is told its size.
REQUEST_BODY_MAX_BYTES = 8_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = REQUEST_BODY_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# Alone: Django's second handler would write customData to a temporary file, in plaintext.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
CSP_REPORT_PATH = content_policy.REPORT_PATH
CONTENT_SECURITY_POLICY = {"DIRECTIVES": content_policy.DIRECTIVES}

LOGGING_CONFIG = None
logging_settings(level=ENVIRONMENT["LOG_LEVEL"].upper(), form=ENVIRONMENT["LOG_FORMAT"])
