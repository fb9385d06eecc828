"""No pickle from outside is ever loaded: nothing of ours knows how to."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.once

#: What unpickles, or runs what a file says.
LOADERS = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "pandas"}
FOLDERS = ("recommendations", "recsite")

#: NumPy's readers and writers of arrays that would fall back on pickle if they were let.
PICKLING = {"load", "save", "read_array", "write_array"}

IMPORTING = ("import_module", "__import__")


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(IMPORTING):
        yield from (str(ast.literal_eval(named)) for named in node.args[:1])


def forbids_pickles(call: ast.Call) -> bool:
    allowed = [word.value for word in call.keywords if word.arg == "allow_pickle"]
    return [getattr(value, "value", None) for value in allowed] == [False]


def faults(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        yield from (name for name in imported(node) if name.partition(".")[0] in LOADERS)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            room, _, name = called.rpartition(".")
            numpys = room.partition(".")[0] in {"np", "numpy"}
            if numpys and name in PICKLING and not forbids_pickles(node):
                yield f"{called} without allow_pickle=False"
            elif any(word.arg == "allow_pickle" for word in node.keywords):
                yield from () if forbids_pickles(node) else (f"{called} allows pickles",)


def test_nothing_of_ours_loads_a_pickle() -> None:
    found = {
        str(path): list(faults(ast.parse(path.read_text())))
        for folder in FOLDERS
        for path in Path(settings.BASE_DIR, folder).rglob("*.py")
    }
    assert len(found) > 100
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import os, joblib.numpy_pickle as np",
        "from marshal import loads",
        "def f():\n    import shelve",
        "importlib.import_module('pickle')",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(file, allow_pickle=yes)",
        "anything(allow_pickle=True)",
    ],
)
def test_what_would_is_found(code: str) -> None:
    assert list(faults(ast.parse(code)))


def test_sessions_are_json() -> None:
    assert settings.SESSION_SERIALIZER.endswith(".JSONSerializer")
