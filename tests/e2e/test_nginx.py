"""nginx with the example before gunicorn with its settings, as the page on deploying says."""

import gzip
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploying import image_command
from tests.e2e.running import ROOT, RunningSite, free_port, until

if TYPE_CHECKING:
    from email.message import Message

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)


@dataclass(frozen=True)
class Proxy:
    plain: int
    secure: int
    web: int

    def get(
        self, path: str, data: bytes | None = None, secure: bool = True
    ) -> "tuple[int, Message[str, str], bytes]":
        scheme, port = ("https", self.secure) if secure else ("http", self.plain)
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}", data)
        request.add_header("Host", "films.example.org")
        request.add_header("Accept-Encoding", "gzip")
        request.add_header("X-Request-ID", "from-a-client")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), Stay())
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def answers(self) -> bool:
        try:
            return self.get("/")[0] == 200
        except OSError:
            return False


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture
def proxy(copied: RunningSite, tmp_path: Path) -> Iterator[Proxy]:
    copied.environment |= {
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "ALLOWED_HOSTS": "films.example.org",
        "HTTPS": "true",
        "TRUSTED_PROXIES": "1",
        "BROWSE_AS": "false",
    }
    copied.manage("collectstatic", "--no-input")
    ports = Proxy(free_port(), free_port(), copied.port)
    serve = [sys.executable, "-m", *image_command()[:-1], f"127.0.0.1:{ports.web}"]
    pass_on = ["nginx", "-e", "stderr", "-c", str(configured(tmp_path / "nginx", ports))]
    subprocess.run([*pass_on, "-t"], check=True)
    with running(serve, copied.env), running(pass_on, copied.env):
        until(ports.answers, seconds=60)
        yield ports


@contextmanager
def running(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def configured(folder: Path, ports: Proxy) -> Path:
    """The example with our ports, a certificate of our own, and all its files in the folder."""
    folder.mkdir()
    certificate(folder)
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r" +listen \[::\].*\n", "", text)
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{ports.plain};",
        "listen 443 ": f"listen 127.0.0.1:{ports.secure} ",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{ports.web};",
        "/etc/letsencrypt/live/films.example.org": str(folder),
        "/var/cache/nginx/recsite": str(folder / "cache"),
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    # As root it would give its files to somebody who may not look into our folder.
    user = "" if os.geteuid() else "user root;"
    whole = folder / "nginx.conf"
    whole.write_text(
        f"{user} daemon off; pid {folder}/pid; events {{}}\n"
        f"http {{ access_log off; {own} include {folder}/site.conf; }}\n"
    )
    return whole


def certificate(folder: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=films.example.org"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*made, *named, *files], check=True, capture_output=True)


def test_a_site_behind_nginx(proxy: Proxy) -> None:
    status, headers, _ = proxy.get("/browse/?decade=1990", secure=False)
    assert status == 301
    assert headers["Location"] == "https://films.example.org/browse/?decade=1990"

    status, headers, _ = proxy.get("/")
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "gunicorn" not in (headers["Server"] or "")

    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])  # nginx's own, not the client's
    assert proxy.get("/healthz")[2] == b"alive\n"

    status, headers, _ = proxy.get("/account/login/")
    assert "Secure" in (headers["Set-Cookie"] or "")

    _, _, page = proxy.get("/")
    looked = re.search(rb'href="(/static/[^"]+\.css)"', unpacked(page))
    assert looked
    style = looked[1].decode()
    first, again = proxy.get(style), proxy.get(style)
    assert (first[0], first[1]["Content-Encoding"]) == (200, "gzip")
    assert "immutable" in first[1]["Cache-Control"]
    assert first[2] == again[2]

    assert proxy.get("/import/", b"x" * 23_000_000)[0] == 413
    # Without a token the site itself refuses it, maybe before nginx has passed all of it on.
    assert proxy.get("/import/", b"x" * 20_000_000)[0] in (403, 502)


def unpacked(page: bytes) -> bytes:
    return gzip.decompress(page) if page[:2] == b"\x1f\x8b" else page
