"""Static or dynamic: what a handler may touch, and what the build says of it (CONTRACT section 6).

Each case is a route file of a real project: its handler's lines below, the verdict beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import staticroutes
from staticroutes import Site
from staticroutes.prerender.outcomes import Dynamic, Failed, Prerendered

PREAMBLE = """
import asyncio, contextlib, functools, gzip, logging, os, random, secrets, socket, tempfile, threading
import time, uuid
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from time import time as moment
from staticroutes import *
from staticroutes import cookies, headers
"""

Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(
        source: str, *, folder: str = "x.json", config: dict[str, Any] | None = None, lib: str = ""
    ) -> Site:
        file = tmp_path / "app" / folder / "route.py"
        file.parent.mkdir(parents=True)
        file.write_text(PREAMBLE + textwrap.dedent(source))
        (tmp_path / "helpers.py").write_text(PREAMBLE + textwrap.dedent(lib))
        return Site.load(tmp_path, config=config)

    return made


def line_of(source: str, marker: str, file: str = "app/x.json/route.py") -> str:
    lines = (PREAMBLE + textwrap.dedent(source)).splitlines()
    return f"{file}:{next(number for number, line in enumerate(lines, 1) if marker in line)}"


def get(body: str, *, is_async: bool = False, arguments: str = "request") -> str:
    indented = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f"\n{'async ' if is_async else ''}def GET({arguments}):\n{indented}\n"


REQUEST_TIME = {
    "request.url": "request.url",
    "request.headers": "request.headers",
    "request.headers.get('a')": "request.headers",
    "request.cookies": "request.cookies",
    "request.next_url.search_params": "request.next_url.search_params",
    "request.next_url.search": "request.next_url.search",
    "request.next_url.href": "request.next_url.href",
    "str(request.next_url)": "request.next_url.href",
    "request.next_url.origin": "request.next_url.origin",
    "request.next_url.host": "request.next_url.host",
    "request.next_url.hostname": "request.next_url.hostname",
    "request.next_url.port": "request.next_url.port",
    "request.next_url.protocol": "request.next_url.protocol",
    "request.ip": "request.ip",
    "request.body": "request.body",
    "await request.json()": "request.json()",
    "await request.text()": "request.text()",
    "await request.bytes()": "request.bytes()",
    "await request.form_data()": "request.form_data()",
    "await request.is_disconnected()": "request.is_disconnected()",
    "headers()": "headers()",
    "await headers()": "headers()",
    "cookies()": "cookies()",
    "await cookies()": "cookies()",
    "connection()": "connection()",
    "await connection()": "connection()",
    "draft_mode().enable()": "draft_mode().enable()",
    "draft_mode().disable()": "draft_mode().disable()",
}


@pytest.mark.parametrize("expression", REQUEST_TIME)
@pytest.mark.parametrize(
    "around",
    [
        pytest.param("{}", id="bare"),
        pytest.param("try:\n    {}\nexcept:\n    pass", id="bare-except"),
        pytest.param("with contextlib.suppress(BaseException):\n    {}", id="suppress"),
    ],
)
def test_request_time_access_makes_a_route_dynamic_with_its_place(
    make: Make, expression: str, around: str
) -> None:
    source = get(around.format(expression) + "\nreturn {}", is_async="await" in expression)
    outcome = make(source).outcome("/x.json")
    assert isinstance(outcome, Dynamic)
    assert outcome.reason.code == "request-time"
    assert REQUEST_TIME[expression].partition("(")[0] in outcome.reason.message
    assert outcome.reason.at == line_of(source, expression)
    assert outcome.reason.hint


@pytest.mark.parametrize("expression", REQUEST_TIME)
def test_dynamic_error_makes_request_time_access_a_failure(make: Make, expression: str) -> None:
    source = 'dynamic = "error"' + get(f"{expression}\nreturn {{}}", is_async="await" in expression)
    outcome = make(source).outcome("/x.json")
    assert isinstance(outcome, Failed)
    assert 'dynamic = "error"' in outcome.message
    assert outcome.at == line_of(source, expression)


def test_finally_return_does_not_hide_an_access(make: Make) -> None:
    source = get("try:\n    request.headers\nfinally:\n    return {}")
    assert isinstance(make(source).outcome("/x.json"), Dynamic)


ALWAYS_KNOWN = [
    "request.method",
    "request.next_url.pathname",
    "request.next_url.base_path",
    "context.params",
    "await context.params",
    "draft_mode().is_enabled",
    "(await draft_mode()).is_enabled",
    "after(lambda: None)",
    "open(__file__).close()",
    "os.environ.get('HOME')",
    "time.monotonic()",
    "time.perf_counter()",
    "random.Random(42).random()",
    "random.Random('x').choice([1, 2, 3])",
    "time.localtime(0)",
    "time.gmtime(0)",
    "time.ctime(0)",
    "time.strftime('%Y', time.gmtime(0))",
    "datetime(2020, 1, 1).strftime('%Y')",
    "datetime.fromtimestamp(0, timezone.utc)",
    "date.fromisoformat('2020-01-01')",
    "gzip.compress(b'x', mtime=0)",
    "logging.getLogger('x').warning('hello')",
    "tempfile.TemporaryDirectory().cleanup()",
    "await asyncio.sleep(0)",
    "await asyncio.to_thread(len, 'x')",
    "await asyncio.wait_for(asyncio.sleep(0), 5)",
    "threading.Event().wait(0.001)",
    "__import__('colorsys')",
    "socket.socket().close()",
]


@pytest.mark.parametrize("expression", ALWAYS_KNOWN)
def test_what_is_known_at_build_time_stays_static(make: Make, expression: str) -> None:
    source = get(f"{expression}\nreturn {{}}", is_async="await" in expression, arguments="request, context")
    outcome = make(source).outcome("/x.json")
    assert isinstance(outcome, Prerendered), outcome


# Handed to C code, which calls them where a profile function (3.11) does not look.
UNSEEN_ON_3_11 = {"list(map(time.ctime, [None]))", "functools.partial(time.time)()"}

UNSTABLE = [
    "time.time()",
    "time.time_ns()",
    "time.localtime()",
    "time.gmtime()",
    "time.ctime()",
    "time.asctime()",
    "time.strftime('%Y')",
    "moment()",
    "datetime.now()",
    "datetime.now(timezone.utc)",
    "datetime.today()",
    "dt.datetime.now()",
    "dt.date.today()",
    "date.today()",
    "type('Mine', (datetime,), {}).now()",
    "random.random()",
    "random.randint(1, 6)",
    "random.choice([1, 2])",
    "random.shuffle([1, 2])",
    "random.Random().random()",
    "random.Random(None)",
    "random.SystemRandom().random()",
    "secrets.token_hex()",
    "secrets.choice([1, 2])",
    "uuid.uuid4()",
    "uuid.uuid1()",
    "os.urandom(4)",
    "gzip.compress(b'x')",
    "list(map(time.ctime, [None]))",
    "functools.partial(time.time)()",
    "(lambda clock: clock())(time.time)",
    "{'now': time.time}['now']()",
    "await asyncio.to_thread(time.time)",
    "await asyncio.to_thread(lambda: time.time())",
    "await asyncio.gather(asyncio.to_thread(moment), return_exceptions=True)",
    "socket.create_connection(('127.0.0.1', 9), 0.1)",
    "socket.getaddrinfo('localhost', 80)",
    "await asyncio.open_connection('127.0.0.1', 9)",
    "__import__('urllib.request').request.urlopen('http://127.0.0.1:9/')",
    "ThreadPoolExecutor(1).submit(socket.getaddrinfo, 'localhost', 80).result()",
    "ThreadPoolExecutor(1).submit(lambda: datetime.now()).result()",
]


@pytest.mark.parametrize(
    "expression",
    [one for one in UNSTABLE if sys.version_info >= (3, 12) or one not in UNSEEN_ON_3_11],
)
def test_an_unstable_input_makes_a_route_dynamic(make: Make, expression: str) -> None:
    source = get(f"{expression}\nreturn {{}}", is_async="await" in expression)
    outcome = make(source).outcome("/x.json")
    assert isinstance(outcome, Dynamic), outcome
    assert outcome.reason.code == "unstable-input"
    assert outcome.reason.at is not None
    assert outcome.reason.at.startswith("app/x.json/route.py:")
    assert "force-static" in (outcome.reason.hint or "")


def test_an_unstable_input_is_seen_through_a_helper_and_at_the_second_param(make: Make) -> None:
    lib = """
    def stamp(slug):
        if slug == "b":
            return datetime.now().isoformat()
        return "never"
    """
    source = """
    from helpers import stamp
    def generate_static_params():
        return [{"slug": slug} for slug in "abc"]
    def GET(request, context):
        return {"at": stamp(context.params["slug"])}
    """
    site = make(source, folder="[slug].json", lib=lib)
    assert isinstance(site.outcome("/a.json"), Prerendered)
    outcome = site.outcome("/b.json")
    assert isinstance(outcome, Dynamic)
    assert outcome.reason.at == line_of(lib, "datetime.now", "helpers.py")
    result = site.build(Path(str(site._folder)) / "out")
    assert [row["paths"] for row in result.dynamic if "paths" in row] == [["/b.json"]]
    assert {row["render"] for row in result.manifest["routes"]} == {"mixed"}
    assert sorted(output.path for output in result.outputs) == ["/a.json", "/c.json"]


def test_the_same_call_site_is_watched_after_it_has_called_something_stable(make: Make) -> None:
    lib = """
    def call(function):
        return str(function())
    """
    source = """
    from helpers import call
    CLOCKS = {"a": dict, "b": time.time, "c": list}
    def generate_static_params():
        return [{"slug": slug} for slug in "abc"]
    def GET(request, context):
        return {"at": call(CLOCKS[context.params["slug"]])}
    """
    site = make(source, folder="[slug].json", lib=lib)
    assert sorted(site.render_all()) == ["/a.json", "/c.json"]


@pytest.mark.parametrize(
    "expression", ["time.time()", "random.random()", "socket.getaddrinfo('127.0.0.1', 80)"]
)
@pytest.mark.parametrize(
    ("head", "config", "kind"),
    [
        pytest.param('dynamic = "force-static"', {}, Prerendered, id="force-static"),
        pytest.param("revalidate = 60", {}, Prerendered, id="revalidate"),
        pytest.param("revalidate = False", {}, Prerendered, id="revalidate-False"),
        pytest.param("", {"cache_components": False}, Prerendered, id="cache_components-false"),
        pytest.param('dynamic = "error"', {}, Failed, id="error"),
        pytest.param('dynamic = "error"\nrevalidate = 60', {}, Failed, id="error-revalidate"),
        pytest.param("", {}, Dynamic, id="auto"),
    ],
)
def test_who_accepts_unstable_inputs(make: Make, expression: str, head: str, config: Any, kind: type) -> None:
    outcome = make(head + get(f"{expression}\nreturn {{}}"), config=config).outcome("/x.json")
    assert isinstance(outcome, kind), outcome


def test_force_static_gives_empty_values(make: Make) -> None:
    source = 'dynamic = "force-static"' + get(
        """
        return {
            "url": request.url,
            "headers": list(headers()),
            "cookies": len(request.cookies),
            "search": request.next_url.search,
            "params": len(request.next_url.search_params),
            "body": await request.text(),
            "host": request.next_url.host,
        }
        """,
        is_async=True,
    )
    site = make(source, config={"base_url": "https://example.com", "base_path": "/docs"})
    assert site.render("/x.json").text == (
        '{"url":"https://example.com/docs/x.json","headers":[],"cookies":0,"search":"","params":0,'
        '"body":"","host":"example.com"}'
    )


def test_an_absolute_url_without_base_url_is_an_error_that_says_so(make: Make) -> None:
    outcome = make('dynamic = "force-static"' + get("return request.url")).outcome("/x.json")
    assert isinstance(outcome, Failed)
    assert "base_url" in outcome.message
    assert outcome.hint


@pytest.mark.parametrize(
    ("head", "code"),
    [
        pytest.param('dynamic = "force-dynamic"', "force-dynamic", id="force-dynamic"),
        pytest.param("revalidate = 0", "revalidate-0", id="revalidate-0"),
        pytest.param(
            'dynamic = "force-static"\nrevalidate = 0', "revalidate-0", id="force-static-revalidate-0"
        ),
    ],
)
def test_routes_that_are_never_called(make: Make, head: str, code: str) -> None:
    outcome = make(head + get("raise RuntimeError('called')")).outcome("/x.json")
    assert isinstance(outcome, Dynamic)
    assert outcome.reason.code == code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return Response('x', headers={'set-cookie': 'a=b'})", id="header"),
        pytest.param("r = Response('x'); r.cookies.set('a', 'b'); return r", id="response.cookies"),
    ],
)
@pytest.mark.parametrize(
    ("head", "kind"), [("", Dynamic), ('dynamic = "force-static"', Failed), ('dynamic = "error"', Failed)]
)
def test_a_cookie_is_never_frozen(make: Make, body: str, head: str, kind: type) -> None:
    outcome = make(head + get(body)).outcome("/x.json")
    assert isinstance(outcome, kind)
    assert "cookie" in (outcome.reason.message if isinstance(outcome, Dynamic) else outcome.message)  # type: ignore[union-attr]


def test_cookies_set_through_the_context_are_never_frozen_either(make: Make) -> None:
    source = 'dynamic = "force-static"' + get("cookies().set('a', 'b')\nreturn {}")
    assert isinstance(make(source).outcome("/x.json"), Failed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("raise ValueError('bad')", "ValueError: bad", id="exception"),
        pytest.param("return Response('x', 404)", "404", id="status-404"),
        pytest.param("return Response('x', 500)", "500", id="status-500"),
        pytest.param("not_found()", "404", id="not_found"),
        pytest.param("return None", "None", id="none"),
        pytest.param("return 5", "int", id="int"),
        pytest.param("return ('x', 200)", "tuple", id="tuple"),
        pytest.param("return {1, 2}", "set", id="set"),
        pytest.param("return {'a': float('nan')}", "no such number", id="nan"),
        pytest.param("raise SystemExit(0)", "sys.exit", id="sys.exit"),
        pytest.param("raise GeneratorExit", "GeneratorExit", id="generator-exit"),
        pytest.param("yield 'a'\n    raise ValueError('half')", "half", id="stream-breaks"),
        pytest.param("yield 1", "int", id="stream-of-ints"),
    ],
)
def test_failures_are_never_silently_dynamic(make: Make, body: str, said: str) -> None:
    source = get(body) if not body.startswith("yield") else f"\ndef GET(request):\n    {body}\n"
    outcome = make(source).outcome("/x.json")
    assert isinstance(outcome, Failed), outcome
    assert said in outcome.message
    assert outcome.at is not None
    assert outcome.at.startswith("app/x.json/route.py:")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_threads_of_several_handlers_are_told_apart_by_running_each_alone(make: Make) -> None:
    source = """
    gate = threading.Barrier(2, timeout=5)
    def generate_static_params():
        return [{"slug": "net"}, {"slug": "calm"}]
    async def GET(request, context):
        slug = context.params["slug"]
        loop = asyncio.get_running_loop()
        with contextlib.suppress(threading.BrokenBarrierError):
            if not alone():
                await asyncio.to_thread(gate.wait)
        if slug == "net":
            done = []
            thread = threading.Thread(target=lambda: done.append(socket.getaddrinfo("127.0.0.1", 80)))
            thread.start()
            await asyncio.to_thread(thread.join)
        if not alone():
            await asyncio.to_thread(gate.wait)
        calls.append(slug)
        return {"slug": slug}
    calls = []
    def alone():
        return len(calls) >= 2
    """
    site = make(source, folder="[slug].json")
    assert sorted(site.render_all()) == ["/calm.json"]


def test_feedgen_is_static_and_its_dates_come_from_the_data(make: Make) -> None:
    source = """
    from feedgen.feed import FeedGenerator
    def GET():
        feed = FeedGenerator()
        feed.id("https://example.com/"); feed.title("T"); feed.description("D")
        feed.link(href="https://example.com/")
        for day in (1, 2):
            entry = feed.add_entry()
            entry.id(f"e{day}"); entry.title(f"E{day}"); entry.link(href=f"https://example.com/{day}")
            entry.published(datetime(2020, 1, day, tzinfo=timezone.utc))
        return feed
    """
    for folder in ("feed.xml", "feed.atom"):
        site = make(source, folder=folder)
        first, second = site.render(f"/{folder}"), site.render(f"/{folder}")
        assert first.content == second.content
        assert str(__import__("datetime").date.today().year) not in first.text
        assert ("<feed" in first.text) == folder.endswith(".atom")


def test_no_framework_is_imported_to_build(tmp_path: Path) -> None:
    (tmp_path / "app/a.json").mkdir(parents=True)
    (tmp_path / "app/a.json/route.py").write_text("from staticroutes import *\ndef GET():\n    return {}\n")
    code = (
        "import sys; from staticroutes import Site; assert Site.load('.').build('out', isolation='none').ok;"
        "print([name for name in sys.modules if name.partition('.')[0] in"
        " ('starlette', 'werkzeug', 'flask', 'django', 'asyncio', 'jinja2', 'httpx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(staticroutes.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
