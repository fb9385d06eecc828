"""What `settings.py` needs of the machine: a data folder, a secret, a database, a mail server."""

import importlib.util
import os
import re
import secrets
import tempfile
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


def writable_folder(name: str, path: Path) -> Path:
    """Return `path`, made if need be; `name` is the variable to blame if it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path.resolve()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: cannot write to the folder {path} ({error.strerror}); "
            f"set {name} to one that this user may write to."
        ) from error


def generated_secret(path: Path) -> str:
    """Read the secret at `path`, first writing a random one (mode 0600) if there is none.

    Web and workers may start at the same moment: the link decides whose secret it is.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


#: No connection is kept for longer, in seconds.
MAX_AGE = 600


def database(url: str, connect_seconds: float, shared: int = 0) -> dict[str, Any]:
    """Turn a database URL into Django's settings, with what a queue on it needs.

    Threads share up to `shared` connections to PostgreSQL, each for the length of a request.
    """
    try:
        config: dict[str, Any] = {
            **dj_database_url.parse(url, conn_max_age=MAX_AGE, conn_health_checks=True)
        }
    except ValueError:
        config = {}
    engine = config.get("ENGINE")
    if engine == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "timeout": 10,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif engine == "django.db.backends.postgresql":
        # That a server is gone is noticed, for which TCP alone takes a quarter of an hour.
        patience: dict[str, Any] = {"tcp_user_timeout": 10_000, "keepalives_idle": 30}
        own = {"CONNECT_SECONDS": connect_seconds, "SHARED": shared, "MAX_AGE": MAX_AGE}
        config |= {"ENGINE": "recsite.postgresql"} | own
        config["CONN_MAX_AGE"] = 0 if shared else MAX_AGE
        # A page reads little at a time, in one question where a cursor takes three; and behind a
        # pooler in transaction mode the next question may find no cursor.
        config["DISABLE_SERVER_SIDE_CURSORS"] = bool(shared)
        config["OPTIONS"] = patience | config.get("OPTIONS", {})
    else:
        raise ImproperlyConfigured(
            "DATABASE_URL: recsite runs on SQLite and PostgreSQL; "
            "use sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME."
        )
    return config


#: What a URL of a storage may say behind its `?`.
S3_OPTIONS = ("endpoint_url", "region_name")


def model_storage(url: str, folder: Path) -> dict[str, Any]:
    """Turn `s3://BUCKET/PREFIX?endpoint_url=…&region_name=…` into Django's settings of a storage.

    Without a URL it is the folder. Credentials come from where all of AWS's tools look for them.
    """
    if not url:
        backend = "django.core.files.storage.FileSystemStorage"
        return {"BACKEND": backend, "OPTIONS": {"location": folder}}
    parts, options = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    if parts.scheme != "s3" or not parts.netloc or set(options) - set(S3_OPTIONS):
        raise ImproperlyConfigured(
            "MODEL_STORAGE_URL: use s3://BUCKET/PREFIX, "
            f"with ?{'=…&'.join(S3_OPTIONS)}=… if need be; leave it empty for the folder {folder}."
        )
    if not all(map(importlib.util.find_spec, ("storages", "boto3"))):
        raise ImproperlyConfigured(
            "MODEL_STORAGE_URL: S3 needs packages that are not installed; "
            "install them with pip install --require-hashes -r requirements-s3.txt."
        )
    place = {"bucket_name": parts.netloc, "location": parts.path.strip("/")}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": place | options}


def networks(name: str, given: list[str]) -> list[IPv4Network | IPv6Network]:
    """Addresses, and networks such as 10.0.0.0/8."""
    try:
        return [ip_network(part.strip(), strict=False) for part in given]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}; use 10.0.0.5,10.1.0.0/16.") from error


def logs(form: str, level: str) -> dict[str, Any]:
    """Turn the form of lines, text or json, into Django's settings.

    All go to one place in one form: Django's, Django-Q2's and gunicorn's too.
    """
    text = {
        "()": "recommendations.logs.Line",
        "format": "{asctime} {levelname} {name}: {message}{said}",
        "style": "{",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "recommendations.logs.Context"}},
        "formatters": {"text": text, "json": {"()": "recommendations.logs.Json"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["context"],
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            # Each request has a line of ours already, without what is secret in an address.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # Its lines name whole addresses, and TMDB's may hold the key.
            "urllib3": {"level": "ERROR"},
        },
    }


def mail(url: str, sender: str) -> dict[str, Any]:
    """Turn `smtp://USER:PASSWORD@HOST:587/?tls=1` into Django's settings.

    Without a URL no mail is sent, rather than to a server that happens to run on this machine.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    try:
        parts = urlsplit(url)
        port, options = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        parts, port, options = urlsplit(""), None, {}
    safe = options in ({}, {"tls": "1"}, {"ssl": "1"})
    if parts.scheme != "smtp" or not parts.hostname or parts.path not in {"", "/"} or not safe:
        raise ImproperlyConfigured(
            "EMAIL_URL: use smtp://USER:PASSWORD@HOST:PORT/?tls=1, or ?ssl=1 for a server that "
            "speaks TLS from the start; escape special characters as in every URL."
        )
    if not sender:
        raise ImproperlyConfigured(
            "DEFAULT_FROM_EMAIL: say from which address the mail that EMAIL_URL sends comes."
        )
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or {"ssl": 465, "tls": 587}.get("".join(options), 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": "tls" in options,
        "EMAIL_USE_SSL": "ssl" in options,
        "EMAIL_TIMEOUT": 10,
    }


#: The seconds of what a rate may be per.
PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


def rates(name: str, text: str) -> list[tuple[int, int]]:
    """Turn `60/m,1200/h` into how often in how many seconds; nothing is no limit."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"[1-9][0-9]{0,8}/[smhd]", part) for part in parts):
        raise ImproperlyConfigured(
            f"{name}: use rates such as 60/m,1200/h (s, m, h or d for second, minute, hour, day); "
            "leave it empty for no limit."
        )
    split = (part.split("/") for part in parts)
    strictest = sorted(((PERIODS[period], int(most)) for most, period in split), reverse=True)
    return [(most, seconds) for seconds, most in dict(strictest).items()]
