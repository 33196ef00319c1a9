"""What goes where: data to stdout, everything else to stderr; no stream and no locale ends a build."""

# ruff: noqa: RUF012  (route files and tables stand in one line)
from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import time

import pytest

NOISY = {
    "app/a.json/route.py": """
        import ctypes
        import os
        import subprocess
        import sys

        print("imported")
        os.write(1, b"imported, by number\\n")

        def GET():
            print("called")
            os.write(1, b"called, by number\\n")
            subprocess.run(["echo", "called, by a child"], check=True)
            ctypes.CDLL(None).puts(b"called, by C")
            ctypes.CDLL(None).fflush(None)
            sys.__stdout__.write("called, by another name\\n")
            return {}
        """,
    "app/[n].txt/route.py": """
        def generate_static_params():
            print("listed")
            return [{"n": "x"}]

        async def GET(request, context):
            print("called, later")
            return "x"
        """,
}
SAID = [
    "imported",
    "imported, by number",
    "called",
    "called, by number",
    "called, by a child",
    "called, by C",
    "called, by another name",
    "listed",
    "called, later",
]


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_json_is_one_document_whatever_handlers_print(project, jobs):
    done = project(NOISY).built("--json", "--jobs", jobs)
    told = done.json()
    assert told["ok"] is True
    assert told["manifest"]["totals"]["outputs"] == 2
    lines = done.stderr.splitlines()
    for said in SAID:
        assert lines.count(said) == 1, (said, done.stderr)


def test_what_handlers_print_is_not_in_the_table(project):
    done = project(NOISY).built()
    assert "called" not in done.stdout and "imported" not in done.stdout
    assert "2 outputs" in done.stdout


def test_routes_as_json_is_one_document(project):
    done = project(NOISY).run("routes", "--json")
    assert done.code == 0
    assert sorted(row["pattern"] for row in done.json()["routes"]) == ["/[n].txt", "/a.json"]


def test_json_of_a_build_that_cannot_start(project):
    done = project({"app/a/route.py": "def get(): print('x')"}).refused("--json")
    assert done.json()["ok"] is False
    assert done.json()["manifest"] is None
    assert "did you mean GET" in done.json()["failures"][0]["hint"]


def test_json_of_a_usage_error_is_no_document(project):
    done = project({}).refused("--json", code=2)
    assert done.stdout == ""


TABLE = {
    "app/route.py": "from staticroutes import Response\ndef GET(): return Response.html('<p>hello')",
    "app/items/[slug].json/route.py": """
        def generate_static_params():
            return [{"slug": n} for n in range(1200)]

        def GET():
            return {"some": "thing"}
        """,
    "app/guestbook/route.py": """
        def GET():
            return "[]"

        def POST():
            return ""

        def DELETE():
            return ""
        """,
    "app/mixed/[n]/route.py": """
        def generate_static_params():
            return [{"n": "a"}, {"n": "b"}, {"n": "c"}]

        def GET(request, context):
            return "a" if context.params["n"] == "a" else request.headers["host"]
        """,
    "app/me/route.py": "def GET(request):\n    return request.cookies.get('a')",
    "app/live/route.py": "dynamic = 'force-dynamic'\ndef GET(): return ''",
    "app/old/route.py": "from staticroutes import redirect\ndef GET(): redirect('/')",
    "public/style.css": "a{}",
}
GOLDEN = """
  Route                      Outputs     Size
○ /                                1      8 B
○ /guestbook                       1      2 B
ƒ /guestbook (DELETE, POST)                    DELETE, POST beside a static GET
○ /items/[slug].json           1,200  19.2 kB
ƒ /live                                        says dynamic = "force-dynamic"  app/live/route.py:1
ƒ /me                                          read request.cookies  app/me/route.py:2
○ /mixed/[n]                       1      1 B
ƒ /mixed/b and 1 more                          read request.headers  app/mixed/[n]/route.py:6
○ /old                             1    252 B
○ /style.css                       1      3 B  public/style.css

○ static   prerendered
ƒ dynamic  left for request time

1,205 outputs, 19.5 kB, from 5 static and 3 dynamic routes in X s
out: 1,207 new files
"""


def test_the_route_table(project):
    site = project(TABLE)
    done = site.built()
    shown = re.sub(r"in \d+\.\d\d s", "in X s", done.stdout)
    assert shown.strip("\n") == GOLDEN.strip("\n")
    assert done.stderr == ""


def test_the_table_of_a_rebuild_says_what_changed(project):
    site = project(TABLE)
    site.built()
    assert "out: nothing changed" in site.built().stdout
    site.write({"public/style.css": "b{}", "public/new.css": ""})
    (site.folder / "app/old/route.py").unlink()
    said = site.built().stdout.splitlines()[-1]
    assert said == "out: 1 new, 3 changed, 1,203 unchanged, 1 removed files", said


def test_a_long_route_does_not_push_the_columns_away(project):
    long = "a" * 100
    done = project(
        {f"app/{long}/route.py": "def GET(): return ''", "app/b/route.py": "def GET(): return ''"}
    ).built()
    lines = done.stdout.splitlines()
    assert f"/{long}" in lines[1]
    assert len(lines[2]) < 100


def test_many_public_files_are_one_line(project):
    done = project({"app/": b"", **{f"public/{n}.txt": "12345" for n in range(20)}}).built()
    assert "public/*" in done.stdout and "100 B" in done.stdout
    assert "/7.txt" not in done.stdout


def test_quiet_says_nothing(project):
    for arguments in (("-q", "build"), ("build", "--quiet")):
        done = project(TABLE).run(*arguments)
        assert (done.code, done.stdout, done.stderr) == (0, "", "")


def test_quiet_says_errors(project):
    done = project({"app/a/route.py": "def GET(): 1/0"}).refused("--quiet")
    assert "ZeroDivisionError" in done.stderr
    assert done.stdout == ""


def test_no_colours_where_nobody_sees_them(project):
    done = project({"app/a/route.py": "def GET(): 1/0"}).refused()
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_an_output_encoding_never_ends_a_build(project, encoding):
    site = project(
        {**TABLE, "app/ü/route.py": "def GET(): return ''", "app/日本/route.py": "def GET(): return ''"}
    )
    done = site.built(env={"PYTHONIOENCODING": encoding})
    assert "Traceback" not in done.stderr
    assert "1,207 outputs" in done.stdout
    assert len(site.files()) == 1207
    if encoding == "ascii":
        assert "o /guestbook " in done.stdout, "a plain mark for the circle"
        assert "f /live " in done.stdout


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": None},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "xx_YY.ISO-8859-1", "LC_ALL": None},
        {"TERM": None, "HOME": None, "PATH": "/usr/bin:/bin"},
        {"TERM": "dumb", "TMPDIR": "/nonexistent"},
    ],
    ids=["C", "POSIX", "C-without-utf8", "unknown-locale", "bare", "no-tmp"],
)
def test_a_locale_never_ends_a_build(project, env):
    site = project({**TABLE, "app/ü/route.py": "def GET(): return 'ü'"})
    site.built(env=env)
    assert site.files()["ü"] == "ü".encode()
    (site.folder / "app/ü/route.py").write_text(
        "def GET(): raise ValueError('日本 \\ud800')", encoding="utf-8"
    )
    done = site.refused(env=env)
    assert "app/" in done.stderr and "ValueError" in done.stderr


def test_stdout_closed(project):
    site = project(TABLE)
    with site.start(
        "build", stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(1)
    ) as process:
        error = process.stderr.read().decode()
        assert process.wait(30) == 0, error
    assert "Traceback" not in error
    assert len(site.files()) == 1205


def test_everything_closed(project):
    def close():
        for descriptor in (0, 1, 2):
            os.close(descriptor)

    site = project(NOISY)
    with site.start("build", preexec_fn=close) as process:
        assert process.wait(30) == 0
    assert sorted(site.files()) == ["a.json", "x.txt"]
    assert site.files()["a.json"] == b"{}", "what was printed went into no file of ours"


def test_a_reader_that_goes_away(project):
    site = project(TABLE)
    read, write = os.pipe()
    os.close(read)
    with site.start("build", stdout=write, stderr=subprocess.PIPE) as process:
        os.close(write)
        error = process.stderr.read().decode()
        process.wait(30)
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    assert len(site.files()) == 1205, "the site is published all the same"
    assert site.litter() == []


def test_a_stdout_that_is_full(project):
    site = project(TABLE)
    with open("/dev/full", "wb") as full, site.start("build", stdout=full, stderr=subprocess.PIPE) as process:
        error = process.stderr.read().decode()
        assert process.wait(30) != 0, "what was asked for could not be given"
    assert "Traceback" not in error


SLOW = {
    "app/[n].txt/route.py": """
        import time

        def generate_static_params():
            return [{"n": n} for n in range(400)]

        def GET():
            time.sleep(0.01)
            return "x"
        """
}


def on_terminal(site, *arguments: str, env=None) -> tuple[int, str, str]:
    """Exit code, stdout, and what a terminal at stderr got."""
    ours, theirs = pty.openpty()
    with site.start("build", *arguments, env=env, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        got = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            got += piece
        stdout = process.stdout.read().decode()
        code = process.wait(30)
    os.close(ours)
    return code, stdout, got.decode()


def test_progress_on_a_terminal(project):
    code, stdout, shown = on_terminal(project(SLOW))
    assert code == 0
    assert "Prerendering" in shown
    assert "Prerendering" not in stdout
    assert "400 outputs" in stdout
    positions = [int(found) for found in re.findall(r"(\d+)/", shown)] or [
        int(found) for found in re.findall(r"\b(\d{2,3})\b", shown)
    ]
    assert any(0 < position < 400 for position in positions), "it moves while the build runs"


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}])
def test_no_progress_for_machines(project, env):
    code, _, shown = on_terminal(project(SLOW), env=env)
    assert (code, shown) == (0, "")


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_no_progress_where_it_was_not_asked_for(project, option):
    code, _, shown = on_terminal(project(SLOW), option)
    assert (code, shown) == (0, "")


def test_no_progress_in_a_pipe(project):
    assert project(SLOW).built().stderr == ""


def test_colours_on_a_terminal(project):
    site = project({"app/a/route.py": "def GET(): 1/0"})
    assert "\x1b[31" in on_terminal(site)[2]
    assert "\x1b[31" not in on_terminal(site, env={"NO_COLOR": "1"})[2]
    assert "\x1b[31" not in on_terminal(site, env={"TERM": "dumb"})[2]
    assert "ZeroDivisionError" in on_terminal(site, env={"NO_COLOR": "1"})[2]


class TestGitHub:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""

    FILES = {
        "app/good.json/route.py": "def GET(): return {}",
        "app/a,b:c%/route.py": "def GET():\n    raise ValueError('one\\ntwo % ::error::three')",
        "app/con.txt/route.py": "def GET(): return ''",
    }

    def test_failures_are_annotations(self, project, tmp_path):
        site = project(self.FILES)
        summary = tmp_path / "summary.md"
        summary.write_text("before\n")
        done = site.refused(env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
        commands = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("::")]
        assert len(commands) == 2, commands
        error, warning = commands
        assert error == (
            "::error file=app/a%2Cb%3Ac%25/route.py,line=2,title=staticroutes::"
            "/a%252Cb%253Ac%2525: ValueError: one%0Atwo %25 ::error::three"
        )
        assert warning.startswith("::warning file=app/con.txt/route.py,title=staticroutes::")
        text = summary.read_text()
        assert text.startswith("before\n")
        assert "**1 failed**" in text
        assert "/a%2Cb%3Ac%25" in text

    def test_the_table_goes_to_the_summary(self, project, tmp_path):
        summary = tmp_path / "summary.md"
        site = project({"app/good.json/route.py": "def GET(): return {}"})
        done = site.built(env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
        assert "○ /good.json" in summary.read_text(encoding="utf-8")
        assert "○ /good.json" in done.stdout
        assert not [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("::")]

    def test_the_summary_shows_text_as_text(self, project, tmp_path):
        summary = tmp_path / "summary.md"
        site = project(
            {"app/a/route.py": "def GET(): raise ValueError('<img src=x onerror=alert(1)> | `code` ```')"}
        )
        site.refused(env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
        assert "<img" not in summary.read_text()

    def test_a_summary_that_cannot_be_written_is_no_failure(self, project):
        site = project({"app/good.json/route.py": "def GET(): return {}"})
        done = site.built(env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/nonexistent/summary.md"})
        assert "Traceback" not in done.stderr

    def test_json_stays_one_document(self, project):
        done = project(self.FILES).refused("--json", env={"GITHUB_ACTIONS": "true"})
        assert done.json()["ok"] is False

    def test_a_project_in_a_subfolder_is_named_from_the_checkout(self, project, tmp_path):
        """An annotation is shown beside the code only where its path is that of the repository."""
        site = project({f"docs/{name}": text for name, text in self.FILES.items()})
        done = site.run(
            "-C", "docs", "build", env={"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(site.folder)}
        )
        assert "::error file=docs/app/a%2Cb%3Ac%25/route.py" in done.stdout + done.stderr

    def test_elsewhere_nothing_of_it(self, project):
        assert "::" not in project(self.FILES).refused(env={"GITHUB_ACTIONS": "false"}).stdout


def test_handlers_are_told_no_lies_about_time(project):
    """Waiting handlers are waited for, not spun on: the build of one sleeping handler computes little."""
    site = project({"app/a/route.py": "import time\ndef GET():\n    time.sleep(1.5)\n    return ''"})
    before = os.times()
    started = time.monotonic()
    site.built()
    after = os.times()
    assert time.monotonic() - started > 1.5
    assert (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    ) < 1.3


def test_the_report_of_a_build_has_everything(project):
    told = project(TABLE).built("--json").json()
    assert set(told) >= {"version", "ok", "out", "failures", "warnings", "manifest", "published"}
    assert told["published"]["new"] == 1207
    assert json.loads(json.dumps(told)) == told
