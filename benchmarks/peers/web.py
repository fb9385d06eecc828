"""The web server's side, which gunicorn serves as it serves recsite."""

from typing import Any

from celery.result import AsyncResult
from django.conf import settings
from django.templatetags.static import static
from flask import Flask, abort, render_template, session
from flask.sessions import SecureCookieSessionInterface

from benchmarks.peers import pages
from benchmarks.peers.tasks import app as queue
from benchmarks.peers.tasks import predict
from recommendations.models import Genre, Viewer

app = Flask(__name__)
app.secret_key = settings.SECRET_KEY
app.jinja_env.globals["site_static"] = static


def cookie_of(viewer_id: int) -> str:
    """The session of a guest, as the browser keeps it."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer
    return str(serializer.dumps({"viewer": viewer_id}))


def viewer() -> Viewer:
    found = Viewer.objects.filter(pk=session.get("viewer", 0)).first()
    if found is None:
        abort(403)
    return found


@app.get("/")
def home() -> str:
    who = viewer()
    genres = list(Genre.objects.all())
    return render_template("home.html", viewer=who, shelves=pages.waiting_page(who), genres=genres)


@app.post("/picks")
def picks() -> tuple[dict[str, str], int]:
    return {"task": predict.delay(viewer().pk).id}, 202


@app.get("/status/<task>")
def status(task: str) -> dict[str, Any]:
    """How far the task is; at its end, the shelves."""
    result = AsyncResult(task, app=queue)
    state = result.state
    if state != "SUCCESS":
        return {"state": state}
    return {"state": state, "html": render_template("_shelves.html", shelves=result.result)}


@app.get("/healthz")
def healthz() -> str:
    return "ok"
