"""Settings, all from the environment. README.md lists them; a test holds the list complete."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

from recsite.environment import (
    database,
    generated_secret,
    logs,
    mail,
    model_storage,
    networks,
    rates,
    writable_folder,
)

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
positive = validate.Range(min=1)
percentage = validate.Range(min=0, max=100)

try:
    DATA_DIR = writable_folder("DATA_DIR", env.path("DATA_DIR", Path("var")))
    SECRET_KEY = env.str("SECRET_KEY", "") or generated_secret(DATA_DIR / "secret_key")
    # Django would take an empty one for a secret, with which anybody can sign.
    SECRET_KEY_FALLBACKS = list(filter(None, map(str.strip, env.list("SECRET_KEY_FALLBACKS", []))))
    DEBUG = env.bool("DEBUG", False)
    STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static")
    HTTPS = env.bool("HTTPS", False)
    HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", False)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
    DATABASE_URL = env.str("DATABASE_URL", "") or f"sqlite:///{DATA_DIR / 'recsite.sqlite3'}"
    DATABASE_CONNECT_SECONDS = env.float(
        "DATABASE_CONNECT_SECONDS", 1.5, validate=validate.Range(min=0.1)
    )
    DATABASE_POOL = env.int("DATABASE_POOL", 0, validate=validate.Range(min=0))
    LOG_LEVEL = env.str(
        "LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
    )
    LOG_FORMAT = env.str("LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
    WORKERS = env.int("WORKERS", 2, validate=positive)
    BATCH_WORKERS = env.int("BATCH_WORKERS", 1, validate=positive)
    QUEUE_POLL = env.float("QUEUE_POLL", 0.05, validate=validate.Range(min=0.01))
    HEARTBEAT = env.float("HEARTBEAT", 5, validate=validate.Range(min=0.1))
    WORKER_STALL = env.float("WORKER_STALL", 6, validate=validate.Range(min=1))
    WORKER_GRACE = env.float("WORKER_GRACE", 20, validate=validate.Range(min=0))
    WORKER_NICE = env.int("WORKER_NICE", 10, validate=validate.Range(min=0, max=19))
    WORKER_MEMORY_MB = env.int("WORKER_MEMORY_MB", 0, validate=validate.Range(min=0))
    REAP_PERIOD = env.float("REAP_PERIOD", 15, validate=validate.Range(min=0.1))
    PREDICTION_TIMEOUT = env.int("PREDICTION_TIMEOUT", 60, validate=positive)
    PREDICTION_LEASE = env.int("PREDICTION_LEASE", 15, validate=positive)
    PREDICTION_COOL_DOWN = env.int("PREDICTION_COOL_DOWN", 600, validate=positive)
    PREDICTION_KEEP_DAYS = env.int("PREDICTION_KEEP_DAYS", 30, validate=positive)
    PREDICTION_KEEP_RUNS = env.int("PREDICTION_KEEP_RUNS", 10, validate=positive)
    TRAINING_TIMEOUT = env.int("TRAINING_TIMEOUT", 4 * 3600, validate=positive)
    TRAINING_LEASE = env.int("TRAINING_LEASE", 300, validate=positive)
    MODELS_KEEP = env.int("MODELS_KEEP", 5, validate=positive)
    MODEL_STORAGE_URL = env.str("MODEL_STORAGE_URL", "")
    EXPECT_WORKERS = env.list("EXPECT_WORKERS", ["predictions"])
    ALERT_QUEUE_AGE = env.float("ALERT_QUEUE_AGE", 60, validate=validate.Range(min=0))
    ALERT_FAILURE_PERCENT = env.float("ALERT_FAILURE_PERCENT", 20, validate=percentage)
    ALERT_FAILURE_RUNS = env.int("ALERT_FAILURE_RUNS", 20, validate=positive)
    ALERT_SCHEDULE_LATE = env.float("ALERT_SCHEDULE_LATE", 300, validate=validate.Range(min=0))
    ALERT_DISK_FREE_PERCENT = env.float("ALERT_DISK_FREE_PERCENT", 10, validate=percentage)
    METRICS_ALLOW = networks("METRICS_ALLOW", env.list("METRICS_ALLOW", ["127.0.0.0/8", "::1"]))
    METRICS_TOKEN = env.str("METRICS_TOKEN", "")
    METRICS_FOLDER = env.str("PROMETHEUS_MULTIPROC_DIR", "")
    GUEST_KEEP_DAYS = env.int("GUEST_KEEP_DAYS", 30, validate=positive)
    BROWSE_AS = env.bool("BROWSE_AS", False)
    TMDB_API_KEY = env.str("TMDB_API_KEY", "").strip()
    TMDB_URL = env.str(
        "TMDB_URL",
        "https://api.themoviedb.org/3",
        validate=validate.URL(schemes={"http", "https"}, require_tld=False),
    ).rstrip("/")
    EMAIL_URL = env.str("EMAIL_URL", "")
    DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "")
    LIMIT_ACTIONS = rates("LIMIT_ACTIONS", env.str("LIMIT_ACTIONS", "300/m"))
    LIMIT_IMPORTS = rates("LIMIT_IMPORTS", env.str("LIMIT_IMPORTS", "30/h"))
    LIMIT_PREDICTIONS = rates("LIMIT_PREDICTIONS", env.str("LIMIT_PREDICTIONS", "120/m,2000/h"))
    LIMIT_QUEUE = env.int("LIMIT_QUEUE", 500, validate=positive)
    TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0))
except EnvError as error:
    raise ImproperlyConfigured(str(error)) from error

INSTALLED_APPS = [
    "recommendations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_q",
]

MIDDLEWARE = [
    "recommendations.request_log.RequestLogMiddleware",
    # Above all that asks which host is meant, or whether it came by HTTPS.
    "recommendations.views.probes.ProbesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, which serves files that were compressed once, and above all that writes.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "recommendations.middleware.ViewerMiddleware",
    "recommendations.views.limiting.LimitMiddleware",
]

ROOT_URLCONF = "recsite.urls"
WSGI_APPLICATION = "recsite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(DATABASE_URL, DATABASE_CONNECT_SECONDS, DATABASE_POOL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: Whose posters are shown once there is a key.
TMDB_IMAGES = "https://image.tmdb.org"

# allauth counts tries to sign in in the default cache, which all processes and hosts must share;
# what each may know for itself goes into `process`.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "recsite_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 5_000},
    },
}

STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "models": model_storage(MODEL_STORAGE_URL, DATA_DIR / "models"),
}
MODEL_CACHE = DATA_DIR / "model-cache"
ALGORITHMS = {
    name: f"recommendations.engine.{path}"
    for name, path in {
        "hybrid": "hybrid.Hybrid",
        "ease": "ease.EASE",
        "popularity": "popularity.Popularity",
        "stars": "stars.Stars",
        "svd": "svd.SVD",
        "svdpp": "factors.SVDPlusPlus",
        "nmf": "factors.NMF",
        "baseline": "baseline.Baseline",
        "item_knn_basic": "item_knn.ItemKNNBasic",
        "item_knn_means": "item_knn.ItemKNNWithMeans",
        "item_knn_zscore": "item_knn.ItemKNNWithZScore",
        "item_knn_baseline": "item_knn.ItemKNNBaseline",
        "user_knn_basic": "slow.UserKNNBasic",
        "user_knn_means": "slow.UserKNNWithMeans",
        "user_knn_zscore": "slow.UserKNNWithZScore",
        "user_knn_baseline": "slow.UserKNNBaseline",
        "slope_one": "slow.SlopeOne",
        "co_clustering": "slow.CoClustering",
    }.items()
}

#: What is trained and measured when nobody says what.
DEFAULT_ALGORITHM = "hybrid"

# The lease on a queued task starts when it enters a worker's in-memory queue, so `retry` must
# outlast the tasks ahead of it as well as its own run.
Q_CLUSTER: dict[str, Any] = {
    "name": "predictions",
    "label": "Task queue",
    "orm": "default",
    "broker_class": "recommendations.operations.broker.Broker",
    # Each cluster writes what it is doing twice a second; the rows of `Worker` say it to all.
    "cache": "process",
    "workers": WORKERS,
    "queue_limit": WORKERS,
    "timeout": PREDICTION_TIMEOUT,
    "retry": 2 * PREDICTION_TIMEOUT + 30,
    "poll": QUEUE_POLL,
    # For each result Django-Q2 would lock and read all that it keeps: the supervisor forgets them.
    "save_limit": 0,
    "ack_failures": True,
    "catch_up": False,
    "log_level": LOG_LEVEL,
    "ALT_CLUSTERS": {
        "batch": {
            "workers": BATCH_WORKERS,
            "queue_limit": BATCH_WORKERS,
            "timeout": PREDICTION_TIMEOUT,
            "retry": 2 * PREDICTION_TIMEOUT + 30,
            "poll": 0.5,
        },
        "training": {
            "workers": 1,
            "queue_limit": 1,
            "timeout": TRAINING_TIMEOUT,
            "retry": 2 * TRAINING_TIMEOUT + 60,
            "poll": 0.5,
        },
    },
}

# More than any form of ours has; files are cut at the size that the import allows.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_HANDLERS = [
    "recommendations.forms.uploads.CuttingUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "recommendations.views.account.signing_in.Adapter"
ACCOUNT_FORMS = {
    "login": "recommendations.forms.accounts.SignInForm",
    "signup": "recommendations.forms.accounts.SignUpForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True

globals().update(mail(EMAIL_URL, DEFAULT_FROM_EMAIL))

SESSION_COOKIE_AGE = GUEST_KEEP_DAYS * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and HSTS_SUBDOMAINS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
#: What no page of a film site needs.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: []
    for name in (
        *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read"),
        *("display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation"),
        *("gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone"),
        *("midi", "payment", "picture-in-picture", "publickey-credentials-get"),
        *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
    )
}
CSRF_FAILURE_VIEW = "recommendations.views.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, *([TMDB_IMAGES] if TMDB_API_KEY else [])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

LOGGING = logs(LOG_FORMAT, LOG_LEVEL)
