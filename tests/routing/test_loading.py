"""Route files as modules: what counts as a handler, an option, a mistake."""

# ruff: noqa: E501  (route files of one line)

from __future__ import annotations

import pickle
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from staticroutes import Site
from staticroutes.routing.discovery import discover
from staticroutes.routing.imports import ProjectImports
from staticroutes.routing.loading import LoadErrors, Route, load

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files of a project; gives its folder."""

    def make(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return make


def loaded(root: Path) -> tuple[dict[str, Route], list[str]]:
    """The routes of a project by pattern, and what is wrong."""
    with ProjectImports(str(root)).active():
        found = discover(str(root / "app"), str(root))
        routes, errors = load(found.files, str(root), str(root / "app"))
    return {route.pattern.text: route for route in routes}, [str(error) for error in [*found.errors, *errors]]


def route_of(write: Write, text: str, **files: str) -> Route:
    routes, errors = loaded(
        write({"app/x/route.py": text, **{f"{name}.py": body for name, body in files.items()}})
    )
    assert errors == []
    return routes["/x"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("def GET(): ...", 0, id="none"),
        pytest.param("def GET(request): ...", 1, id="request"),
        pytest.param("def GET(request, context): ...", 2, id="both"),
        pytest.param("async def GET(request, context): ...", 2, id="async"),
        pytest.param("def GET(request=None): ...", 1, id="default"),
        pytest.param("def GET(request, context, more=1): ...", 2, id="third-with-default"),
        pytest.param("def GET(request, *, more=1): ...", 1, id="keyword-with-default"),
        pytest.param("def GET(*args): ...", 2, id="star"),
        pytest.param("def GET(request, *rest): ...", 2, id="request-and-star"),
        pytest.param("def GET(**options): ...", 0, id="double-star"),
        pytest.param("def GET(request, context, /): ...", 2, id="positional-only"),
        pytest.param("GET = lambda: 1", 0, id="lambda"),
        pytest.param(
            "from functools import partial\ndef f(a, request): ...\nGET = partial(f, 1)", 1, id="partial"
        ),
        pytest.param("class C:\n def __call__(self, request): ...\nGET = C()", 1, id="callable-object"),
        pytest.param("class C:\n def m(self, request, context): ...\nGET = C().m", 2, id="bound-method"),
        pytest.param("@staticmethod\ndef GET(request): ...", 1, id="staticmethod"),
        pytest.param(
            "from functools import wraps\ndef d(f):\n @wraps(f)\n def inner(*a, **k): return f(*a, **k)\n return inner\n@d\ndef GET(request): ...",
            1,
            id="decorator-that-passes-on",
        ),
        pytest.param(
            "from functools import wraps\ndef d(f):\n @wraps(f)\n def inner(request, context): return f()\n return inner\n@d\ndef GET(): ...",
            2,
            id="decorator-with-its-own-arguments",
        ),
        pytest.param(
            "def d(f):\n return lambda *a: f(*a)\n@d\ndef GET(request): ...", 2, id="decorator-without-wraps"
        ),
        pytest.param("from functools import cache\n@cache\ndef GET(): ...", 0, id="functools-cache"),
    ],
)
def test_a_handler_is_called_with_what_it_takes(write: Write, text: str, count: int) -> None:
    assert route_of(write, text).parameters == {"GET": count}


HANDLERS = {
    "lambda": "GET = lambda: 'ok'",
    "async": "async def GET(): return 'ok'",
    "partial": "from functools import partial\ndef f(a, request): return a\nGET = partial(f, 'ok')",
    "partial-of-async": "from functools import partial\nasync def f(a): return a\nGET = partial(f, 'ok')",
    "object": "class C:\n def __call__(self): return 'ok'\nGET = C()",
    "async-object": "class C:\n async def __call__(self, request): return 'ok'\nGET = C()",
    "staticmethod": "@staticmethod\ndef GET(request): return 'ok'",
    "method": "class C:\n def m(self): return 'ok'\nGET = C().m",
    "cached": "from functools import cache\n@cache\ndef GET(): return 'ok'",
    "passes-on": "from functools import wraps\ndef d(f):\n @wraps(f)\n def i(*a, **k): return f(*a, **k)\n return i\n@d\ndef GET(request): return 'ok'",
    "own-arguments": "from functools import wraps\ndef d(f):\n @wraps(f)\n def i(request, context): return f()\n return i\n@d\ndef GET(): return 'ok'",
    "async-decorator": "from functools import wraps\ndef d(f):\n @wraps(f)\n async def i(*a): return f(*a)\n return i\n@d\ndef GET(request): return 'ok'",
    "sync-decorator-of-async": "from functools import wraps\ndef d(f):\n @wraps(f)\n def i(*a): return f(*a)\n return i\n@d\nasync def GET(request): return 'ok'",
    "conditional": "if True:\n def GET(): return 'ok'\nelse:\n def GET(): return 'no'",
    "redefined": "def GET(): return 'no'\ndef GET(): return 'ok'",
    "re-exported": "from helper import GET",
    "re-exported-under-another-name": "from helper import answer as GET",
    "star-import": "from helper import *",
    "assigned": "from helper import answer\nGET = answer",
}


def test_whatever_can_be_called_can_be_a_handler(write: Write) -> None:
    helper = "def GET(): return 'ok'\ndef answer(request): return 'ok'\n"
    root = write({"helper.py": helper, **{f"app/{name}/route.py": text for name, text in HANDLERS.items()}})
    responses = Site.load(root).render_all()
    assert {path: response.text for path, response in responses.items()} == {
        f"/{name}": "ok" for name in HANDLERS
    }


def test_methods_of_a_route(write: Write) -> None:
    assert route_of(write, "def GET(): ...").methods == ["GET", "HEAD", "OPTIONS"]
    assert route_of(write, "def POST(): ...").methods == ["OPTIONS", "POST"]
    assert route_of(write, "def HEAD(): ...").methods == ["HEAD", "OPTIONS"]
    assert route_of(write, "def GET(): ...\ndef TRACE(): ...").methods == ["GET", "HEAD", "OPTIONS"]
    assert route_of(write, "def GET(): ...\nPOST = None").methods == ["GET", "HEAD", "OPTIONS"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("from helper import get", id="imported"),
        pytest.param("from helper import fetch as get", id="imported-under-the-name"),
        pytest.param("from helper import *", id="star"),
        pytest.param("import helper as Dynamic", id="module"),
        pytest.param("get = {'a': 1}", id="no-function"),
        pytest.param("options = ['a']", id="list"),
        pytest.param("class Post: ...", id="class"),
        pytest.param("_get = lambda: 1", id="private"),
        pytest.param("def GET2():\n    get = dynamicParams = 1\n    return get", id="local"),
        pytest.param(
            "from helper import get\ndef GET2():\n    get = 1\n    return get", id="imported-and-local"
        ),
        pytest.param("class C:\n    def get(self): ...\n    revalidat = 60", id="in-a-class"),
        pytest.param("x = [get for get in range(3)]", id="in-a-comprehension"),
        pytest.param("revalidated = []", id="near-in-spelling-only"),
        pytest.param("def generate_static_params_for(tag): ...", id="longer"),
        pytest.param("dynamics = 'brownian'", id="near-with-another-word"),
        pytest.param("def revalidate_all(): ...", id="function-near-an-option"),
        pytest.param("def TRACE(): ...", id="another-method"),
        pytest.param("default = lambda: 1", id="default"),
    ],
)
def test_names_that_are_no_misspellings(write: Write, text: str) -> None:
    helper = "def get(): ...\ndef fetch(): ...\ndef dynamicParams(): ...\n"
    route_of(write, f"{text}\ndef GET(): ...", helper=helper)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("def get(): ...", "GET"),
        ("def Get(): ...", "GET"),
        ("async def gEt(): ...", "GET"),
        ("get = lambda: 1", "GET"),
        ("def post(): ...", "POST"),
        ("def Options(): ...", "OPTIONS"),
        ("def generateStaticParams(): ...", "generate_static_params"),
        ("def GenerateStaticParams(): ...", "generate_static_params"),
        ("generate_static_param = lambda: []", "generate_static_params"),
        ("def generate_statics_params(): ...", "generate_static_params"),
        ("dynamicParams = True", "dynamic_params"),
        ("dynamic_param = False", "dynamic_params"),
        ("Dynamic = 'error'", "dynamic"),
        ("DYNAMIC = 'error'", "dynamic"),
        ("dynamik = 'force-static'", "dynamic"),
        ("Revalidate = 60", "revalidate"),
        ("revalidation = 60", "revalidate"),
        ("re_validate = 60", "revalidate"),
        ("maxDuration = 60", "max_duration"),
        ("max_durations = 60", "max_duration"),
        ("fetchCache = 'auto'", "fetch_cache"),
        ("preferredRegion = 'fra1'", "preferred_region"),
        ("Runtime = 'python'", "runtime"),
        ("if True:\n    dynamicParams = True", "dynamic_params"),
    ],
)
def test_names_that_are_misspellings(write: Write, name: str, meant: str) -> None:
    _, errors = loaded(write({"app/x/route.py": f"\n{name}\ndef GET(): ...\n"}))
    (error,) = errors
    line = 3 if name.startswith("if") else 2
    assert error.startswith(f"app/x/route.py:{line}: ")
    assert error.endswith(f"hint: did you mean {meant}?")


def test_everything_wrong_in_one_file_is_said(write: Write) -> None:
    text = "GET = 1\nrevalidate = 'x'\ndynamic = True\ndynamicParams = 1\ndef post(): ...\n"
    _, errors = loaded(write({"app/x/route.py": text}))
    assert sorted(error.split(": ")[0] for error in errors) == [
        f"app/x/route.py:{line}" for line in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("dynamic = 'force-static'", "dynamic", "force-static"),
        ("dynamic: str = 'error'", "dynamic", "error"),
        ("revalidate = 0", "revalidate", 0),
        ("revalidate = 60 * 10", "revalidate", 600),
        ("revalidate = False", "revalidate", False),
        ("dynamic_params = False", "dynamic_params", False),
        ("max_duration = 5", "max_duration", 5),
        ("preferred_region = ['fra1', 'arn1']", "preferred_region", ("fra1", "arn1")),
        ("fetch_cache = 'only-cache'", "fetch_cache", "only-cache"),
        ("runtime = 'python'", "runtime", "python"),
        ("from helper import revalidate", "revalidate", 7),
        ("import runtime", "runtime", "python"),
        ("from helper import dynamic", "dynamic", "auto"),
        ("from helper import Choice as fetch_cache", "fetch_cache", "auto"),
    ],
)
def test_options(write: Write, text: str, name: str, value: object) -> None:
    helper = "revalidate = 7\ndef dynamic(): ...\nclass Choice: ...\n"
    options = route_of(write, f"{text}\ndef GET(): ...", helper=helper, runtime="").options
    assert getattr(options, name) == value
    assert type(getattr(options, name)) is type(value)


def test_false_and_zero_are_told_apart(write: Write) -> None:
    never, forever, silent = (
        route_of(write, f"{text}\ndef GET(): ...").options
        for text in ("revalidate = 0", "revalidate = False", "")
    )
    assert never.is_never_static
    assert not forever.is_never_static
    assert (never.revalidate_written, forever.revalidate_written, silent.revalidate_written) == (
        True,
        True,
        False,
    )


def test_an_imported_name_that_is_no_handler_is_left_alone(write: Write) -> None:
    helper = "class DELETE: ...\nOPTIONS = ['a']\n"
    route = route_of(write, "from helper import DELETE, OPTIONS\ndef GET(): ...", helper=helper)
    assert set(route.handlers) == {"GET"}


def test_a_route_knows_its_line(write: Write) -> None:
    text = "import functools\n\n\n{}\n"
    for handler, line in [
        ("def GET(): ...", 4),
        ("GET = lambda: 1", 4),
        ("class C:\n def __call__(self): ...\nGET = C()", 5),
        ("def f(a): ...\nGET = functools.partial(f, 1)", 4),
        ("GET = print", 4),
    ]:
        assert route_of(write, text.format(handler)).where == f"app/x/route.py:{line}", handler
    assert route_of(write, "from lib import GET", lib="\ndef GET(): ...").where == "lib.py:2"
    assert route_of(write, "from textwrap import dedent as GET").where == "app/x/route.py"


def test_the_option_that_makes_a_route_dynamic_has_a_line(write: Write) -> None:
    assert (
        route_of(write, "\ndynamic = 'force-dynamic'\ndef GET(): ...").never_static_at == "app/x/route.py:2"
    )
    assert route_of(write, "\n\nrevalidate = 0\ndef GET(): ...").never_static_at == "app/x/route.py:3"
    assert route_of(write, "revalidate = 1\ndef GET(): ...").never_static_at == ""


def test_a_place_is_relative_to_the_project_also_through_a_link(write: Write, tmp_path: Path) -> None:
    root = write(
        {
            "real/app/x/route.py": "def GET(): ...",
            "real/app/y/route.py": "from lib import GET",
            "real/app/z/route.py": "import lib2",
            "real/lib.py": "def GET(): ...",
            "real/lib2.py": "\n1 / 0",
        }
    )
    (root / "link").symlink_to("real")
    routes, errors = loaded(root / "link")
    assert {text: route.where for text, route in routes.items()} == {
        "/x": "app/x/route.py:1",
        "/y": "lib.py:1",
    }
    (error,) = errors
    assert (
        error
        == "lib2.py:2: cannot be imported: ZeroDivisionError: division by zero (imported by app/z/route.py)"
    )


def test_one_broken_file_does_not_keep_the_others_from_being_loaded(write: Write) -> None:
    routes, errors = loaded(
        write(
            {
                "app/a/route.py": "raise SystemExit",
                "app/b/route.py": "def GET(): ...",
                "app/c/route.py": "raise BaseException('odd')",
                "app/d/route.py": "class E(Exception):\n def __str__(self): raise ValueError\nraise E",
                "app/e/route.py": "import asyncio\nraise asyncio.CancelledError",
                "app/f/route.py": "exec('def f(:')",
                "app/g/route.py": "# -*- coding: latin-1 -*-\nx = '\\xe9'\ndef GET(): ...",
                "app/h/route.py": "raise ValueError('one\\ntwo')",
            }
        )
    )
    assert list(routes) == ["/b", "/g"]
    assert [error.split(": ")[0] for error in errors] == [
        "app/a/route.py:1",
        "app/c/route.py:1",
        "app/d/route.py:3",
        "app/e/route.py:2",
        "app/f/route.py:1",
        "app/h/route.py:1",
    ]


def test_source_that_is_no_python_text_is_an_import_error(write: Write) -> None:
    root = write({"app/a/route.py": "", "app/b/route.py": "", "app/c/route.py": ""})
    (root / "app/a/route.py").write_bytes(b"x = '\xff'\n")
    (root / "app/b/route.py").write_bytes(b"x = 1\0\n")
    (root / "app/c/route.py").write_bytes(b"\xef\xbb\xbfdef GET(): ...\n")
    routes, errors = loaded(root)
    assert list(routes) == ["/c"]
    assert [error.split(": cannot be imported: SyntaxError")[0].split(":")[0] for error in errors] == [
        "app/a/route.py",
        "app/b/route.py",
    ]


def test_ctrl_c_ends_the_loading(write: Write) -> None:
    root = write({"app/a/route.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        loaded(root)
    assert not [name for name in sys.modules if name.startswith("_staticroutes_")]


def test_an_end_that_is_not_the_files_own_goes_on(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM becomes a SystemExit inside our own code; it must not pass for a file's sys.exit()."""
    from staticroutes.routing import imports

    def end(*arguments: Any) -> None:
        raise SystemExit(143)

    monkeypatch.setattr(imports, "_PACKAGE", __file__)
    monkeypatch.setattr(imports.Packages, "load", end)
    with pytest.raises(SystemExit):
        loaded(write({"app/a/route.py": "def GET(): ..."}))


def test_what_is_wrong_with_a_route_without_a_file_crosses_processes() -> None:
    from staticroutes import Route as OwnRoute

    with pytest.raises(LoadErrors) as caught:
        OwnRoute("/x", GET=1, revalidate=True)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert len(again.errors) == 2
