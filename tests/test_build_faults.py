"""Handlers and modules that hang, crash, end the process or leave it in disorder."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

GOOD = {
    f"app/good/{n}.txt/route.py": f"{'async ' if n % 2 else ''}def GET(): return 'good {n}'" for n in range(6)
} | {
    "app/fails/route.py": "def GET(): raise ValueError('as usual')",
}
QUICK = {"staticroutes.yaml": "timeout: 1"}

HANGS = {
    "sleeps": "import time\ndef GET(): time.sleep(3600)",
    "sleeps in pieces": "import time\ndef GET():\n    while True: time.sleep(0.01)",
    "computes": "def GET():\n    while True: pass",
    "awaits": "import asyncio\nasync def GET(): await asyncio.sleep(3600)",
    "awaits whatever is thrown": """
        import asyncio

        async def GET():
            while True:
                try:
                    await asyncio.sleep(3600)
                except BaseException:
                    pass
        """,
    "computes in async": "async def GET():\n    while True: pass",
    "sleeps in async": "import time\nasync def GET(): time.sleep(3600)",
    "in C with the interpreter held": "import ctypes\ndef GET(): ctypes.PyDLL(None).sleep(3600)",
    "in a thread": "import asyncio, time\nasync def GET(): await asyncio.to_thread(time.sleep, 3600)",
    "waits for a lock": "import threading\ndef GET():\n    lock = threading.Lock()\n    lock.acquire(); lock.acquire()",
    "in a stream": """
        import time

        def GET():
            def pieces():
                yield "a"
                time.sleep(3600)
            return pieces()
        """,
    "catches everything": """
        import time

        def GET():
            while True:
                try:
                    time.sleep(3600)
                except BaseException:
                    pass
        """,
}


@pytest.mark.parametrize("how", HANGS)
def test_a_hanging_handler_costs_its_url(project, how):
    slow = how == "in C with the interpreter held"  # only another process can end it, and it waits longer
    site = project({**GOOD, **QUICK, "app/hangs/route.py": HANGS[how]})
    done = site.refused(timeout=90)
    assert "/hangs: " in done.stderr, done
    assert "app/hangs/route.py" in done.stderr
    if not slow:
        assert "took more than 1 second" in done.stderr
        assert done.seconds < 10
    assert "/fails: ValueError: as usual" in done.stderr, "the others are reported"
    assert "2 failures" in done.stderr, done
    assert not site.out.exists() and site.litter() == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_many_hanging_handlers_take_their_time_at_once(project, jobs):
    files = {f"app/h/{n}/route.py": HANGS["sleeps"] for n in range(6)}
    files |= {f"app/a/{n}/route.py": HANGS["awaits"] for n in range(6)}
    done = project({**GOOD, **QUICK, **files}).refused("--jobs", jobs)
    assert "13 failures" in done.stderr, done
    assert done.seconds < 20


def test_a_hanging_handler_may_be_left_out(project):
    site = project(
        {**GOOD, "staticroutes.yaml": "timeout: 1\non_error: warn", "app/hangs/route.py": HANGS["computes"]}
    )
    done = site.built()
    assert sorted(site.files()) == [f"good/{n}.txt" for n in range(6)]
    assert "warning: " in done.stderr and "/hangs is left out" in done.stderr


def test_max_duration_allows_more_or_less(project):
    site = project(
        {
            **QUICK,
            "app/long/route.py": "import time\nmax_duration = 20\ndef GET():\n    time.sleep(1.5)\n    return ''",
            "app/short/route.py": "import time\nmax_duration = 2\ndef GET(): time.sleep(60)",
        }
    )
    done = site.refused()
    assert "/long" not in done.stderr
    assert "/short: took more than 2 seconds" in done.stderr


CRASHES = {
    "segfault": ("import ctypes\ndef GET(): ctypes.string_at(0)", "SIGSEGV"),
    "os._exit(0)": ("import os\ndef GET(): os._exit(0)", "exit code 0"),
    "os._exit(3)": ("import os\nasync def GET(): os._exit(3)", "exit code 3"),
    "os.abort": ("import os\ndef GET(): os.abort()", "SIGABRT"),
    "kill -9": ("import os, signal\ndef GET(): os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "kill -15": (
        "import os, signal\ndef GET():\n    os.kill(os.getpid(), signal.SIGTERM)\n    while True: pass",
        "",
    ),
    "sys.exit()": ("import sys\ndef GET(): sys.exit()", "sys.exit"),
    "sys.exit(0) in async": ("import sys\nasync def GET(): sys.exit(0)", "sys.exit"),
    "quit()": ("def GET(): raise SystemExit(0)", "sys.exit"),
    "KeyboardInterrupt": ("def GET(): raise KeyboardInterrupt", ""),
    "KeyboardInterrupt in async": ("async def GET(): raise KeyboardInterrupt", ""),
    "GeneratorExit": ("def GET(): raise GeneratorExit", "GeneratorExit"),
    "BaseException": ("class Odd(BaseException): pass\nasync def GET(): raise Odd('x')", "Odd: x"),
    "MemoryError": ("def GET(): raise MemoryError('none left')", "MemoryError"),
    "RecursionError": ("def GET(): return GET()", "RecursionError"),
    "StopIteration": ("def GET(): raise StopIteration", "StopIteration"),
    "cancels itself": (
        "import asyncio\nasync def GET(): asyncio.current_task().cancel(); await asyncio.sleep(1)",
        "CancelledError",
    ),
    "stops the loop": (
        "import asyncio\nasync def GET():\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(0)\n    raise ValueError('x')",
        "",
    ),
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_crash_costs_its_url(project, how):
    code, said = CRASHES[how]
    site = project({**GOOD, **QUICK, "app/crash/route.py": code})
    done = site.refused(timeout=60)
    assert "/crash" in done.stderr, done
    assert "app/crash/route.py" in done.stderr
    assert said in done.stderr
    assert "/fails: ValueError: as usual" in done.stderr, "the others are reported"
    assert "2 failures" in done.stderr
    assert done.seconds < 20
    assert not site.out.exists() and site.litter() == []


def test_an_exception_that_cannot_be_shown(project):
    code = """
        class Odd(Exception):
            def __str__(self):
                raise RuntimeError("no words")
            __repr__ = __str__

        def GET():
            raise Odd
        """
    done = project({**GOOD, "app/odd/route.py": code}).refused()
    assert "/odd" in done.stderr and "Odd" in done.stderr
    assert "2 failures" in done.stderr


@pytest.mark.parametrize("how", ["segfault", "os._exit(0)", "kill -9"])
def test_the_innocent_are_built_when_it_is_only_a_warning(project, how):
    site = project(
        {**GOOD, "staticroutes.yaml": "timeout: 1\non_error: warn", "app/crash/route.py": CRASHES[how][0]}
    )
    site.built()
    assert sorted(site.files()) == [f"good/{n}.txt" for n in range(6)]


def test_workers_that_cannot_work_end_the_build(project):
    """Else new ones would be started for ever."""
    site = project({"app/a.txt/route.py": "import sys\nsys.excepthook = None\ndef GET(): return ''"})
    done = site.build(timeout=30)
    assert done.code in (0, 1)
    assert site.out.exists() == (done.code == 0)


def test_a_handler_that_closes_every_file_is_never_a_mixture(project):
    site = project(
        {**GOOD, "app/crash/route.py": "import os\ndef GET():\n    os.closerange(3, 1000)\n    return 'x'"}
    )
    done = site.build(timeout=30)
    assert done.code == 1, done
    assert "/fails: ValueError: as usual" in done.stderr
    assert "collides" not in done.stderr, "the innocent are not blamed"
    assert not site.out.exists()


def test_many_crashes(project):
    route = """
        import os

        def generate_static_params():
            return [{"n": n} for n in range(60)]

        def GET(request, context):
            if int(context.params["n"]) % 10 == 3:
                os._exit(0)
            return context.params["n"]
        """
    site = project({"app/[n].txt/route.py": route, "staticroutes.yaml": "on_error: warn"})
    done = site.built("--jobs", "2")
    assert len(site.files()) == 54
    assert done.stderr.count("is left out") == 6
    assert all(f"/{n}3.txt is left out" in done.stderr for n in ["", 1, 2, 3, 4, 5])


IMPORTS = {
    "os._exit(0)": "import os\nos._exit(0)",
    "os._exit(1)": "import os\nos._exit(1)",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "abort": "import os\nos.abort()",
    "sys.exit(0)": "import sys\nsys.exit(0)",
    "sys.exit()": "raise SystemExit",
    "exit in a helper": "from lib import helper",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "NUL": b"x = '\0'",
    "latin-1": "x = 'ü'".encode("latin-1"),
    "recursion": "def f(): f()\nf()",
    "kills itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("how", IMPORTS)
def test_a_module_that_ends_the_process_is_named(project, how):
    site = project({**GOOD, "app/bad/route.py": IMPORTS[how], "lib/helper.py": "import os\nos._exit(0)"})
    done = site.refused()
    assert "app/bad/route.py" in done.stderr, done
    assert not site.out.exists() and site.litter() == []


def test_a_module_that_hangs_is_named(project):
    site = project({"app/bad/route.py": "import time\ntime.sleep(3600)", "staticroutes.yaml": "timeout: 0.4"})
    done = site.refused(timeout=30)
    assert "app/bad/route.py" in done.stderr
    assert "took more than 2 seconds" in done.stderr


LISTINGS = {
    "exits": "import os\nos._exit(0)",
    "crashes": "import ctypes\n    ctypes.string_at(0)",
    "sys.exit": "raise SystemExit(0)",
    "raises": "raise OSError('no such table')",
    "gives nothing of use": "return 7",
    "gives a text": "return 'abc'",
    "gives a wrong key": "return [{'m': 1}]",
    "gives no mapping": "return [1]",
    "gives None in it": "return [None]",
    "gives a wrong type": "return [{'n': 1.5}]",
    "gives a bool": "return [{'n': True}]",
    "stops half-way": "yield {'n': 'a'}\n    raise OSError('gone')",
}


@pytest.mark.parametrize("how", LISTINGS)
def test_params_that_cannot_be_listed(project, how):
    code = f"def generate_static_params():\n    {LISTINGS[how]}\n\ndef GET(): return ''"
    code = code.replace("    import os\nos._exit", "    import os\n    os._exit")
    site = project({**GOOD, "app/[n]/route.py": code})
    done = site.refused(timeout=30)
    assert "app/[n]/route.py" in done.stderr, done
    assert not site.out.exists()
    site.write({"app/[n]/route.py": "def GET(): return ''", "app/fails/route.py": "def GET(): return ''"})
    site.built()
    assert site.litter() == []


def test_a_listing_that_hangs_is_named(project):
    code = "import time\ndef generate_static_params(): time.sleep(3600)\ndef GET(): return ''"
    site = project({"app/[n]/route.py": code, "staticroutes.yaml": "timeout: 0.4"})
    done = site.refused(timeout=30)
    assert "app/[n]/route.py" in done.stderr


DISORDER = {
    "chdir": "import os\ndef GET():\n    os.chdir('/')\n    return 'x'",
    "chdir at import": "import os\nos.chdir('/')\ndef GET(): return 'x'",
    "umask": "import os\ndef GET():\n    os.umask(0o777)\n    return 'x'",
    "closes stdout": "import sys\ndef GET():\n    sys.stdout.close()\n    return 'x'",
    "closes descriptor 1": "import os\ndef GET():\n    os.close(1)\n    return 'x'",
    "closes stdin": "import os\ndef GET():\n    os.close(0)\n    return 'x'",
    "a thread that stays": "import threading, time\ndef GET():\n    threading.Thread(target=time.sleep, args=(3600,)).start()\n    return 'x'",
    "a thread that stays, at import": "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()\ndef GET(): return 'x'",
    "an executor that stays": "import time\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\ndef GET():\n    pool.submit(time.sleep, 3600)\n    return 'x'",
    "a task that stays": "import asyncio\nasync def GET():\n    asyncio.create_task(asyncio.sleep(3600))\n    return 'x'",
    "a child that stays": "import subprocess\ndef GET():\n    subprocess.Popen(['sleep', '2'])\n    return 'x'",
    "a fork that stays": "import os, time\nif os.fork() == 0:\n    time.sleep(2)\n    os._exit(0)\ndef GET(): return 'x'",
    "signal handlers": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ndef GET(): return 'x'",
    "SIGCHLD ignored": "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\ndef GET(): return 'x'",
    "an alarm": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\nsignal.signal(signal.SIGALRM, lambda *a: None)\ndef GET(): return 'x'",
    "recursion limit": "import sys\ndef GET():\n    sys.setrecursionlimit(150)\n    return 'x'",
    "sys.path": "import sys\nsys.path.insert(0, '/nonexistent')\nsys.path.append('lib')\ndef GET(): return 'x'",
    "os.environ": "import os\nos.environ.clear()\ndef GET(): return 'x'",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\ndef GET(): return 'x'",
    "gc off": "import gc\ngc.disable()\ndef GET(): return 'x'",
    "asyncio.run": "import asyncio\nasync def f(): return 'x'\ndef GET(): return asyncio.run(f())",
    "logging": "import logging\nlogging.basicConfig(level=0)\ndef GET():\n    logging.debug('x')\n    return 'x'",
    "warnings are errors": "import warnings\nwarnings.simplefilter('error')\ndef GET(): return 'x'",
    "opens are patched": """
        import builtins
        import io

        def only_reading(file, mode="r", *rest, **options):
            if set(mode) & set("wax+"):
                raise PermissionError(file)
            return io.open(file, mode, *rest, **options)

        builtins.open = only_reading

        def GET(): return 'x'
        """,
    "time is patched": "import time\ntime.time = lambda: 0\ndef GET(): return 'x'",
    "removes the output": "import shutil\ndef GET():\n    shutil.rmtree('out', ignore_errors=True)\n    return 'x'",
    "an atexit that raises": "import atexit\natexit.register(lambda: 1/0)\ndef GET(): return 'x'",
    "a context variable": "import contextvars\nv = contextvars.ContextVar('v')\ndef GET():\n    v.set(1)\n    return 'x'",
    "daemon thread that prints": "import threading\ndef p():\n    while True: print('.', end='')\nthreading.Thread(target=p, daemon=True).start()\ndef GET(): return 'x'",
}


@pytest.mark.parametrize("how", DISORDER)
def test_disorder_does_not_move_or_break_the_output(project, how, left_over):
    site = project(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(20)]\ndef GET(): return 'y'",
            "app/bad.txt/route.py": DISORDER[how],
            "app/zz/route.py": "from staticroutes import Response\nasync def GET(): return Response.html('z')",
        }
    )
    site.write({"out/": b""})
    done = site.built(timeout=20)
    assert "22 outputs" in done.stdout, done
    assert site.files() == {"bad.txt": b"x", "zz.html": b"z", **{f"{n}.txt": b"y" for n in range(20)}}
    assert site.litter() == []
    modes = {path.stat().st_mode & 0o777 for path in site.out.rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert {path.stat().st_mode & 0o777 for path in site.out.rglob("*") if path.is_dir()} <= {0o755}
    assert done.seconds < 8, "nothing is waited for"


def test_after_runs_once_its_output_is_there(project):
    site = project(
        {
            "app/[n].txt/route.py": """
                import os
                from staticroutes import after

                def generate_static_params():
                    return [{"n": "a"}, {"n": "b"}]

                def GET(request, context):
                    name = context.params["n"]
                    after(lambda: open(f"after-{name}", "a").write("sync "))

                    async def later():
                        open(f"after-{name}", "a").write("async")

                    after(later)
                    return name
                """
        }
    )
    site.built()
    assert (site.folder / "after-a").read_text() == "sync async"
    assert (site.folder / "after-b").read_text() == "sync async"


def test_an_after_that_raises_fails_its_url(project):
    site = project(
        {
            "app/a/route.py": "from staticroutes import after\ndef GET():\n    after(lambda: 1 / 0)\n    return ''"
        }
    )
    done = site.refused()
    assert "/a: " in done.stderr and "after()" in done.stderr and "ZeroDivisionError" in done.stderr


STREAMS = {
    "generator": "def GET():\n    yield 'a'\n    yield 'bc'",
    "async generator": "async def GET():\n    yield 'a'\n    yield 'bc'",
    "iterable": "from staticroutes import Response\ndef GET(): return Response(iter(['a', 'bc']))",
    "bytes": "from staticroutes import Response\ndef GET(): return Response([b'a', b'bc'])",
    "async iterable": "from staticroutes import Response\nasync def pieces():\n    yield b'a'\n    yield b'bc'\nasync def GET(): return Response(pieces())",
    "async iterable from a plain handler": "from staticroutes import Response\nasync def pieces():\n    yield 'a'\n    yield 'bc'\ndef GET(): return Response(pieces())",
    "mixed": "from staticroutes import Response\ndef GET(): return Response(['a', b'bc'])",
}


@pytest.mark.parametrize("how", STREAMS)
def test_streams_are_read_to_their_end(project, how):
    site = project({"app/s.txt/route.py": STREAMS[how]})
    site.built()
    assert site.files() == {"s.txt": b"abc"}
    assert site.outputs()["/s.txt"]["headers"] == [["content-type", "text/plain; charset=utf-8"]]


@pytest.mark.parametrize("prefix", ["", "async "])
def test_a_stream_that_breaks_off_writes_nothing(project, prefix):
    code = f"""
        from staticroutes import Response

        {prefix}def pieces():
            yield "a"
            raise OSError("gone")

        {prefix}def GET():
            return Response(pieces())
        """
    site = project({**GOOD, "app/s.txt/route.py": code})
    done = site.refused()
    assert "/s.txt: OSError: gone" in done.stderr
    assert not site.out.exists()


SLEEPERS = 200


def waiting(kind: str) -> dict[str, str]:
    prefix, wait = (
        ("", "time.sleep(0.05)") if kind.split()[0] == "sync" else ("async ", "await asyncio.sleep(0.05)")
    )
    head = "import asyncio, time\n"
    body = f"{prefix}def GET():\n    {wait}\n    return 'x'\n"
    if kind.endswith("files"):
        return {f"app/{n}.txt/route.py": head + body for n in range(SLEEPERS)}
    listing = f"def generate_static_params(): return [{{'n': n}} for n in range({SLEEPERS})]\n"
    return {"app/[n].txt/route.py": head + listing + body}


@pytest.mark.parametrize("kind", ["sync route", "async route", "sync files", "async files"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_waiting_handlers_wait_together(project, kind, jobs):
    """One after another they would take ten seconds."""
    site = project(waiting(kind))
    done = site.built("--jobs", jobs)
    assert len(site.files()) == SLEEPERS
    assert done.seconds < 4


def test_concurrency_is_a_limit(project):
    site = project(
        {
            "staticroutes.yaml": "concurrency: 5\njobs: 1",
            "app/[n].txt/route.py": """
                import asyncio

                running = most = 0

                def generate_static_params():
                    return [{"n": n} for n in range(40)]

                async def GET():
                    global running, most
                    running += 1
                    most = max(most, running)
                    await asyncio.sleep(0.01)
                    running -= 1
                    with open("most", "w") as file:
                        file.write(str(most))
                    return ""
                """,
        }
    )
    site.built()
    assert 2 <= int((site.folder / "most").read_text()) <= 5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "work", ["sleeps", "computes", "awaits", "computes in async", "importing", "listing"]
)
@pytest.mark.parametrize("to", ["leader", "group"])
def test_ctrl_c_and_sigterm_end_a_build(project, left_over, number, code, work, to):
    route = {
        "importing": "open('begun', 'w').close()\nimport time\ntime.sleep(3600)\ndef GET(): return ''",
        "listing": "import time\ndef generate_static_params():\n    open('begun', 'w').close()\n    time.sleep(3600)\ndef GET(): return ''",
    }.get(work) or re.sub(r"def GET\(\):\s+", "def GET():\n    open('begun', 'w').close()\n    ", HANGS[work])
    name = "app/[n]/route.py" if work == "listing" else "app/hangs/route.py"
    site = project({"app/a.txt/route.py": "def GET(): return 'old'"})
    site.built()
    before = site.everything()
    site.write({"app/a.txt/route.py": "def GET(): return 'new'", name: route})
    with site.start("build", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: (site.folder / "begun").exists(), process)
        time.sleep(0.1)
        started = time.monotonic()
        if to == "group":
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)
        _, error = process.communicate(timeout=10)
    assert process.returncode == code, error
    assert time.monotonic() - started < 2.0
    assert b"Traceback" not in error
    assert left_over(process.pid) == []
    assert site.everything() == before
    (site.folder / name).unlink()
    site.built()
    assert site.litter() == []


def test_a_second_ctrl_c_is_immediate(project, left_over):
    route = "import signal\ndef GET():\n    open('begun', 'w').close()\n    while True: pass"
    site = project({"app/hangs/route.py": route})
    with site.start("build", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: (site.folder / "begun").exists(), process)
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
        try:
            os.killpg(process.pid, signal.SIGINT)
        except ProcessLookupError:
            pass
        process.communicate(timeout=10)
    assert process.returncode == 130
    assert time.monotonic() - started < 1.0
    assert left_over(process.pid) == []


def wait_until(condition, process) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.01)
