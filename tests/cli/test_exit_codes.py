"""What the exit code says: 0 done, 1 failures in the site, 2 usage or configuration, 130 interrupted."""

from __future__ import annotations

import json

import pytest

HELLO = {"app/hello.json/route.py": "def GET(): return {'hello': 'world'}"}


def test_a_site_that_builds_is_0(project):
    site = project(HELLO)
    site.built()
    assert site.files() == {"hello.json": b'{"hello":"world"}'}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(
            {"app/a/route.py": "def GET(): raise ValueError('no')"}, "/a: ValueError: no", id="raises"
        ),
        pytest.param({"app/a/route.py": "def GET(): return None"}, "returned None", id="returns-none"),
        pytest.param(
            {"app/a/route.py": "from staticroutes import Response\ndef GET(): return Response('x', 404)"},
            "status 404",
            id="status-404",
        ),
        pytest.param(
            {"app/a/route.py": "import nowhere\ndef GET(): return ''"}, "nowhere", id="import-error"
        ),
        pytest.param({"app/a/route.py": "def GET(:"}, "app/a/route.py:1", id="syntax-error"),
        pytest.param(
            {"app/a/route.py": "dynamic = 'yes'\ndef GET(): return ''"}, "dynamic must be", id="option"
        ),
        pytest.param({"app/a/route.py": "x = 1"}, "has no handler", id="no-handler"),
        pytest.param({"app/a/route.py": "def get(): return ''"}, "did you mean GET?", id="misspelt"),
        pytest.param(
            {"app/[a]/route.py": "def GET(): return ''", "app/[b]/route.py": "def GET(): return ''"},
            "app/[a]/route.py",
            id="conflict",
        ),
        pytest.param({"app/": ""}, "has no routes", id="no-routes"),
        pytest.param({"app/a/route.py": "raise SystemExit(0)"}, "sys.exit", id="exit-at-import"),
        pytest.param(
            {"app/a/route.py": "raise KeyboardInterrupt"}, "app/a/route.py", id="interrupt-at-import"
        ),
    ],
)
def test_failures_in_the_site_are_1(project, files, said):
    site = project(files)
    done = site.build()
    assert done.code == 1, done
    assert said in done.stderr
    assert not site.out.exists()


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        pytest.param({}, (), "there is no app folder", id="no-app-folder"),
        pytest.param({**HELLO, "staticroutes.yaml": "nonsense: 1"}, (), "nonsense", id="unknown-key"),
        pytest.param(
            {**HELLO, "staticroutes.yaml": "base_url: [1"}, (), "staticroutes.yaml:", id="broken-yaml"
        ),
        pytest.param({**HELLO, "staticroutes.yaml": "- a"}, (), "must be a mapping", id="yaml-list"),
        pytest.param({**HELLO, "staticroutes.yaml": "jobs: 0"}, (), "jobs is 0", id="bad-value"),
        pytest.param({**HELLO, "pyproject.toml": "[tool.staticroutes"}, (), "is not TOML", id="broken-toml"),
        pytest.param(HELLO, ("--jobs", "many"), "jobs is 'many'", id="bad-option-value"),
        pytest.param(HELLO, ("--base-url", "example.com"), "base_url", id="bad-base-url"),
        pytest.param(HELLO, ("--nonsense",), "--nonsense", id="unknown-option"),
        pytest.param(HELLO, ("surplus",), "surplus", id="surplus-argument"),
        pytest.param({**HELLO, "out/mine.txt": "precious"}, (), "--force", id="foreign-output"),
        pytest.param({**HELLO, "out": "a file"}, (), "is not a directory", id="output-is-a-file"),
        pytest.param(HELLO, ("--out", "app"), "a part of the project", id="output-is-the-app-folder"),
        pytest.param(HELLO, ("--out", "."), "a part of the project", id="output-is-the-project"),
    ],
)
def test_usage_and_configuration_are_2(project, files, arguments, said):
    site = project(files)
    before = sorted(path for path in site.folder.rglob("*"))
    done = site.refused(*arguments, code=2)
    assert said in done.stderr
    assert done.stdout == ""
    assert (
        sorted(
            path for path in site.folder.rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"
        )
        == before
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("buidl",), "Did you mean build?", id="command"),
        pytest.param(("-C", "nowhere", "build"), "nowhere: No such file or directory", id="folder"),
        pytest.param(("--config", "nowhere.yaml", "build"), "nowhere.yaml", id="config"),
        pytest.param(("explain",), "URL", id="missing-argument"),
    ],
)
def test_usage_of_the_whole_is_2(project, arguments, said):
    done = project(HELLO).run(*arguments)
    assert done.code == 2, done
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("build", "--help"), ("--version",), ("routes", "-h")])
def test_help_and_version_are_0(project, arguments):
    done = project().run(*arguments)
    assert done.code == 0
    assert done.stdout and not done.stderr


def test_without_a_command_it_shows_help(project):
    done = project().run()
    assert done.code in (0, 2)
    assert "build" in done.stdout + done.stderr


def test_all_failures_are_reported_together(project):
    site = project(
        {
            "app/good.json/route.py": "def GET(): return {}",
            "app/raises/route.py": """
                from lib.deep import boom

                def GET():
                    return boom(1)
                """,
            "lib/deep.py": """
                def boom(x):
                    return x / 0
                """,
            "app/items/[slug].json/route.py": """
                from staticroutes import not_found

                def generate_static_params():
                    return [{"slug": "one"}, {"slug": "two"}, {"slug": "three"}]

                async def GET(request, context):
                    if context.params["slug"] == "two":
                        not_found()
                    if context.params["slug"] == "three":
                        raise KeyError("three")
                    return {}
                """,
        }
    )
    done = site.refused()
    assert "/raises: ZeroDivisionError: division by zero (lib/deep.py:3)" in done.stderr
    assert "route: app/raises/route.py" in done.stderr
    assert "/items/two.json: called not_found(), status 404" in done.stderr
    assert "app/items/[slug].json/route.py" in done.stderr
    assert "params: {'slug': 'three'}" in done.stderr
    assert "KeyError: 'three'" in done.stderr
    assert "3 failures" in done.stderr
    assert not site.out.exists()


def test_a_traceback_starts_in_the_authors_code(project):
    site = project(
        {
            "app/a/route.py": """
                from lib.deep import boom

                def GET():
                    return boom(1)
                """,
            "lib/deep.py": "def boom(x): return x / 0",
        }
    )
    done = site.refused()
    frames = [line.strip() for line in done.stderr.splitlines() if line.strip().startswith("File ")]
    assert [frame.split('"')[1].replace(str(site.folder) + "/", "") for frame in frames] == [
        "app/a/route.py",
        "lib/deep.py",
    ]


def test_a_failed_build_leaves_the_old_site(project):
    site = project(HELLO)
    site.built()
    before = site.everything()
    site.write(
        {"app/hello.json/route.py": "def GET(): return {'hello': 'moon'}", "app/b/route.py": "def GET(): 1/0"}
    )
    done = site.refused()
    assert "out is as it was" in done.stderr
    assert site.everything() == before
    assert site.litter() == []


def test_everything_wrong_in_names_and_modules_is_one_report(project):
    site = project(
        {
            "app/[a]/route.py": "def GET(): return ''",
            "app/[b]/route.py": "def get(): return ''",
            "app/c/route.py": "dynamic = 'sometimes'\ndef GET(): return ''",
            "app/[...d]/e/route.py": "def GET(): return ''",
            "app/f/route.py": "import nowhere",
        }
    )
    done = site.refused()
    for said in (
        "app/[a]/route.py",
        "answers the same URLs",
        "did you mean GET?",
        "dynamic must be",
        "nowhere",
        "[...d]",
    ):
        assert said in done.stderr, said


def test_json_says_the_same(project):
    site = project({"app/a/route.py": "def GET(): raise ValueError('no')"})
    done = site.refused("--json")
    told = done.json()
    assert told["ok"] is False
    assert [(each["path"], each["source"], each["at"]) for each in told["failures"]] == [
        ("/a", "app/a/route.py", "app/a/route.py:1")
    ]
    assert json.dumps(told)
