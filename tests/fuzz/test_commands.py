"""Every command with hostile arguments: it works, or says why not and leaves no half."""

from argparse import Action, _SubParsersAction
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command, get_commands, load_command_class
from hypothesis import example, given, note
from hypothesis import strategies as st

from recommendations.engine.svd import SVD
from recommendations.importers import tmdb as client
from recommendations.models import Movie, TrainedModel
from tests.fuzz.cases import ANYTHING, HOSTILE, cases
from tests.fuzz.files import BITS
from tests.fuzz.state import fingerprint, undone
from tests.tmdb import TMDBServer, film, running_tmdb
from tests.views.belongings import Belongings

#: They run until they are told to end, or wait for workers: what they refuse is tried below.
ENDLESS = {"demo", "qcluster", "runworkers", "precompute"}

#: What every command of Django's takes.
COMMON = {
    *("help", "version", "verbosity", "settings", "pythonpath", "traceback"),
    *("no_color", "force_color", "skip_checks"),
}

#: Arguments with which a command gets further, by their names. None of them takes long.
SENSIBLE = {
    "algorithm": ["popularity", "svd", "Popularity", "nonsense"],
    "algorithms": ["popularity", "popularity,svd", ",", "nonsense,svd"],
    "param": [
        *("factors=2", "epochs=1", "factors=0", "factors=-1", "epochs=nan", "factors=1.5", "="),
        *(
            "learning_rate=1e30",
            "seed=-1",
            "seed=" + "9" * 30,
            "beard=1",
            "factors",
            "=1",
            "a=b=c",
        ),
        *("factors=1e400", "init_std_dev=1e300", "regularisation=-0"),
    ],
    "over": ["factors=1..2", "factors=2..1", "factors=nan..1", "factors=..", "epochs=1..1e99"],
    "trials": ["1", "2"],
    "minutes": ["0.001", "nan", "inf"],
    "seeds": ["42", "1,2", "-1", str(2**31)],
    "id": ["1", "2", "0"],
    "viewer": ["alice", "staff"],
    "viewers": ["1", "5"],
    "movies": ["1", "20"],
    "ratings": ["1", "9"],
    "file": ["file", "empty", "folder", "missing/file"],
    "source": ["file", "empty", "folder", "missing"],
    "dataset": ["file", "empty", "folder", "missing"],
    "folder": ["new", "file", "folder", "empty", "file/below", "deep/down/new"],
    "limit": ["1", "2"],
    "rate": ["1000000"],
}

#: Paths stay in the folder of the test.
PATHS = {"file", "source", "dataset", "folder"}


def names() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app == "recommendations")


def value_of(action: Action) -> st.SearchStrategy[str]:
    """Often what helps it on, else what does not."""
    helpful = [*map(str, action.choices or ()), *SENSIBLE.get(action.dest, ())]
    hostile = HOSTILE.map(inside) if action.dest in PATHS else HOSTILE
    return (
        st.one_of(st.sampled_from(helpful), st.sampled_from(helpful), hostile)
        if helpful
        else hostile
    )


def inside(path: str) -> str:
    return path.lstrip("/").replace("..", "")


@st.composite
def given_to(draw: st.DrawFn, actions: list[Action]) -> list[str]:
    arguments: list[str] = []
    for action in actions:
        if action.dest in COMMON:
            continue
        if isinstance(action, _SubParsersAction):
            if draw(st.booleans()):
                name = draw(st.sampled_from(sorted(action.choices)))
                arguments += [name, *draw(given_to(action.choices[name]._actions))]
        elif not action.option_strings:
            arguments += [draw(value_of(action))] if draw(st.integers(0, 9)) else []
        elif action.required or draw(st.booleans()):
            option = draw(st.sampled_from(action.option_strings))
            arguments += [option] if action.nargs == 0 else [f"{option}={draw(value_of(action))}"]
    return arguments


@st.composite
def called(draw: st.DrawFn) -> list[str]:
    name = draw(st.sampled_from([name for name in names() if name not in ENDLESS]))
    parser = load_command_class("recommendations", name).create_parser("manage.py", name)
    arguments = draw(given_to(parser._actions))
    more = draw(st.lists(st.one_of(HOSTILE, ANYTHING.map("--{}".format)), max_size=1))
    return [name, *arguments, *(more if draw(st.integers(0, 9)) == 0 else [])]


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands are called, with a few things lying about."""
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    (place / "folder" / "ratings.csv").write_text("userId,movieId,rating,timestamp\n")
    (place / "file").write_text("Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Twin,1990,,3\n")
    (place / "empty").touch()
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    settings.TMDB_API_KEY = ""
    monkeypatch.chdir(place)
    return place


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def call(*arguments: str) -> str:
    """The error that it ends with, of one line; empty if it works."""
    try:
        call_command(*arguments, stdout=StringIO(), stderr=StringIO())
    except CommandError as error:
        assert str(error).strip()
        return str(error)
    except SystemExit as ended:
        assert ended.code == 1
        return "It has said in JSON why not."
    return ""


@given(arguments=called())
@example(arguments=["import_ratings", "file", "--viewer=staff"])
@example(arguments=["train", "--algorithm=svd", "--param=factors=1e15"])
@example(arguments=["train", "--algorithm=svd", "--param=factors=1e300"])
@example(arguments=["evaluate", "--algorithms=svd", "--param=factors=1e15"])
@cases(40)
def test_a_command_works_or_says_why_not(
    hers: Belongings, folder: Path, arguments: list[str]
) -> None:
    # What is not found is kept until the catalogue has it, whatever the command ends with.
    keeping = ("recommendations.TrainedModel", "recommendations.UnmatchedEntry")
    before, lying = fingerprint(*keeping), files(folder)
    with undone():
        failure = call(*arguments)
        note(f"{arguments}: {failure}")
        if failure:
            assert fingerprint(*keeping) == before
            assert files(folder) == lying
            assert "Traceback" not in failure


class Greedy(SVD):
    """Asks for more memory than any machine can address."""

    def learn(self, *_: object) -> None:
        np.empty(2**55)


@pytest.mark.parametrize(
    "arguments",
    [["train", "--algorithm=greedy"], ["evaluate", "--algorithms=greedy"], ["tune", "greedy"]],
    ids=["train", "evaluate", "tune"],
)
def test_what_does_not_fit_into_memory_is_told_in_a_line(
    active_model: TrainedModel, folder: Path, settings: LazySettings, arguments: list[str]
) -> None:
    settings.ALGORITHMS = settings.ALGORITHMS | {"greedy": f"{__name__}.Greedy"}
    assert "Unable to allocate" in call(*arguments)
    assert TrainedModel.objects.active().get() == active_model


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers=0"],
        ["--workers=-1"],
        ["--workers=many"],
        ["--port=-1"],
        ["--port=65536"],
        ["--port=99999999999999999999"],
        ["--port=http"],
        ["--host=\x00"],
        ["--host=not a host"],
        ["--host=" + "x" * 300],
        ["--host=\ud800"],
        ["--host=256.256.256.256"],
        ["--host=.."],
    ],
    ids=lambda arguments: repr(arguments[0])[:30],
)
def test_the_demo_refuses_what_it_cannot_listen_to(
    folder: Path, arguments: list[str], db: None
) -> None:
    lying = files(folder)
    assert call("demo", *arguments)
    assert files(folder) == lying


@pytest.mark.parametrize("option", ["--rate", "--backlog", "--active-since"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "²", "1e400", "", "\x00", "9" * 400 + "d"])
def test_precompute_refuses_what_is_no_number_or_span(
    hers: Belongings, folder: Path, option: str, value: str
) -> None:
    before = fingerprint()
    assert call("precompute", f"{option}={value}")
    assert fingerprint() == before


# What TMDB may answer

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def answers(draw: st.DrawFn) -> Callable[[TMDBServer], None]:
    """A good answer with some of it changed, or something else altogether."""
    changed = draw(st.dictionaries(st.sampled_from(sorted(film(1))), JSON, max_size=3))
    status = draw(st.sampled_from([200, 200, 200, 200, 204, 301, 400, 404, 418, 451]))
    other = draw(st.one_of(st.none(), st.none(), JSON, st.sampled_from(BITS), st.binary()))
    said = film(1) | changed if other is None else other
    return lambda server: server.answer("movie/1", said, status)


@given(answer=answers())
@cases(20)
def test_whatever_tmdb_says_films_stay_whole(
    hers: Belongings, folder: Path, settings: LazySettings, answer: Callable[[TMDBServer], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch, running_tmdb() as server, undone():
        patch.setattr(client, "PAUSE", 0)
        settings.TMDB_URL, settings.TMDB_API_KEY = server.url, "0" * 32
        Movie.objects.filter(pk=1).update(tmdb_id=1)
        Movie.objects.exclude(pk=1).update(tmdb_id=None, imdb_id=None)
        answer(server)
        note(call("fetch_details", "--rate=100000"))
        assert Movie.objects.get(pk=1).title
