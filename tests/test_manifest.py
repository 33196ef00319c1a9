"""``_staticroutes/manifest.json`` and ``outputs.jsonl``: their shape, and that nothing else is in them."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"

# Every kind of route, so that every row of the schema is seen.
SITE = {
    "staticroutes.yaml": """
        base_url: https://example.com
        redirects:
          - {source: /old, destination: /new, permanent: true}
        rewrites:
          - {source: /blog/:path*, destination: /posts/:path*}
        headers:
          - source: /feed.xml
            headers: [{key: x-robots-tag, value: noindex}]
            has: [{type: query, key: a}]
        """,
    "app/route.py": "from staticroutes import Response\ndef GET(): return Response.html('<p>hi')",
    "app/feed.xml/route.py": "def GET(): return '<rss/>'",
    "app/(group)/grouped/route.py": "def GET(): return 'text'",
    "app/old/route.py": "from staticroutes import permanent_redirect\ndef GET(): permanent_redirect('/new')",
    "app/hourly/route.py": "revalidate = 3600\ndef GET(): return 'x'",
    "app/data/route.py": "def GET(): return {}\ndef POST(): return {}",
    "app/data/[n].json/route.py": """
        from staticroutes import Request, RouteContext

        def generate_static_params():
            yield {"n": "a b+c%?#ü"}
            for number in range(5):
                yield {"n": number}

        async def GET(request: Request, context: RouteContext):
            return {"n": context.params["n"]}
        """,
    "app/closed/[n]/route.py": """
        dynamic_params = False

        def generate_static_params():
            return [{"n": "one"}]

        def GET(request, context):
            return "one"
        """,
    "app/files/[...path]/route.py": """
        def generate_static_params():
            return [{"path": ["a", "b"]}, {"path": ["c"]}]

        def GET(request, context):
            return "/".join(context.params["path"])
        """,
    "app/wiki/[[...path]]/route.py": """
        def generate_static_params():
            return [{}, {"path": ["x"]}]

        def GET(request, context):
            return "/".join(context.params.get("path", []))
        """,
    "app/mixed/[n]/route.py": """
        def generate_static_params():
            return [{"n": "plain"}, {"n": "asks"}, {"n": "asks-too"}]

        def GET(request, context):
            if context.params["n"] != "plain":
                return request.headers["host"]
            return "plain"
        """,
    "app/me/route.py": "def GET(request):\n    return request.headers['user-agent']",
    "app/now/route.py": "import time\ndef GET():\n    return str(time.time())",
    "app/force/route.py": "dynamic = 'force-dynamic'\ndef GET(): return ''",
    "app/zero/route.py": "revalidate = 0\ndef GET(): return ''",
    "app/open/[n]/route.py": "def GET(): return ''",
    "app/post/route.py": "def POST(): return ''",
    "app/cookie/route.py": """
        from staticroutes import Response

        def GET():
            response = Response("x")
            response.cookies.set("a", "b")
            return response
        """,
    "app/empty/[n]/route.py": "def generate_static_params(): return []\ndef GET(): return ''",
    "public/.well-known/assetlinks.json": "[]",
    "public/a b.txt": "text",
    "public/CNAME": "example.com",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory, project_at):
    """The site above, built once."""
    site = project_at(tmp_path_factory.mktemp("manifest") / "site").write(SITE)
    site.built()
    return site


@pytest.fixture(scope="module")
def manifest(built):
    return built.manifest()


def schema(name: str):
    found = json.loads(DOCS.joinpath(name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_the_manifest_follows_its_schema(manifest):
    schema("manifest.schema.json").validate(manifest)


def test_each_output_follows_the_schema(built):
    rows = built.outputs()
    validator = schema("outputs.schema.json")
    for row in rows.values():
        validator.validate(row)
    assert len(rows) == built.manifest()["totals"]["outputs"]


def test_the_schemas_refuse_what_is_not_theirs(manifest, built):
    """A schema that lets anything pass would make the tests above worth nothing."""
    validator = schema("manifest.schema.json")
    for spoil in (
        lambda m: m.update(built_at="2026-01-01"),
        lambda m: m["routes"][0].update(file="/home/me/route.py"),
        lambda m: m["routes"][0].update(source="/home/me/route.py"),
        lambda m: m["routes"][0].update(revalidate=True),
        lambda m: m["dynamic"][0]["reason"].update(code="unknown"),
        lambda m: m["totals"].pop("bytes"),
    ):
        spoilt = json.loads(json.dumps(manifest))
        spoil(spoilt)
        assert not validator.is_valid(spoilt)
    validator = schema("outputs.schema.json")
    row = built.outputs()["/feed.xml"]
    for change in (
        {"path": "/a b"},
        {"status": 500},
        {"headers": [["A", "b"]]},
        {"headers": [["a"]]},
        {"mtime": 1},
    ):
        assert not validator.is_valid({**row, **change}), change


def test_every_kind_of_route_says_how_it_is_rendered(manifest):
    assert {
        row["pattern"]: (row["render"], row["outputs"])
        for row in manifest["routes"]
        if row["kind"] == "route"
    } == {
        "/": ("static", 1),
        "/feed.xml": ("static", 1),
        "/grouped": ("static", 1),
        "/old": ("static", 1),
        "/hourly": ("static", 1),
        "/data": ("static", 1),
        "/data/[n].json": ("static", 6),
        "/closed/[n]": ("static", 1),
        "/files/[...path]": ("static", 2),
        "/wiki/[[...path]]": ("static", 2),
        "/mixed/[n]": ("mixed", 1),
        "/me": ("dynamic", 0),
        "/now": ("dynamic", 0),
        "/force": ("dynamic", 0),
        "/zero": ("dynamic", 0),
        "/open/[n]": ("dynamic", 0),
        "/post": ("dynamic", 0),
        "/cookie": ("dynamic", 0),
        "/empty/[n]": ("static", 0),
    }
    assert manifest["totals"]["static_routes"] == 14, "those of public/ too"
    assert manifest["totals"]["dynamic_routes"] == 8


def test_every_dynamic_row_says_why(manifest):
    rows = {(row["pattern"], row["reason"]["code"]): row for row in manifest["dynamic"]}
    assert len(rows) == len(manifest["dynamic"])
    assert set(rows) == {
        ("/cookie", "set-cookie"),
        ("/data", "method"),
        ("/data/[n].json", "dynamic-params"),
        ("/empty/[n]", "dynamic-params"),
        ("/files/[...path]", "dynamic-params"),
        ("/force", "force-dynamic"),
        ("/me", "request-time"),
        ("/mixed/[n]", "dynamic-params"),
        ("/mixed/[n]", "request-time"),
        ("/now", "unstable-input"),
        ("/open/[n]", "no-static-params"),
        ("/post", "method"),
        ("/wiki/[[...path]]", "dynamic-params"),
        ("/zero", "revalidate-0"),
    }
    assert rows["/me", "request-time"]["reason"]["at"] == "app/me/route.py:2"
    assert rows["/now", "unstable-input"]["reason"]["at"] == "app/now/route.py:3"
    assert rows["/mixed/[n]", "request-time"]["paths"] == ["/mixed/asks", "/mixed/asks-too"]
    assert rows["/data", "method"]["methods"] == ["OPTIONS", "POST"]
    assert rows["/me", "request-time"]["methods"] == ["GET", "HEAD", "OPTIONS"]
    assert rows["/post", "method"]["methods"] == ["OPTIONS", "POST"]
    assert all("paths" not in row for key, row in rows.items() if key != ("/mixed/[n]", "request-time"))


def test_configured_rules_are_in_the_manifest(manifest):
    assert manifest["redirects"] == [{"source": "/old", "destination": "/new", "permanent": True}]
    assert manifest["rewrites"] == [{"source": "/blog/:path*", "destination": "/posts/:path*"}]
    assert manifest["headers"][0]["headers"] == [{"key": "x-robots-tag", "value": "noindex"}]


def test_both_are_sorted(built, manifest):
    lines = (built.out / "_staticroutes/outputs.jsonl").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"}\n") for line in lines)
    paths = [json.loads(line)["path"] for line in lines]
    assert paths == sorted(paths)
    patterns = [row["pattern"] for row in manifest["routes"]]
    assert patterns == sorted(patterns)
    assert [row["pattern"] for row in manifest["dynamic"]] == sorted(
        row["pattern"] for row in manifest["dynamic"]
    )


def test_outputs_describe_the_files(built):
    rows = built.outputs()
    assert {row["file"] for row in rows.values()} == set(built.files())
    for row in rows.values():
        body = (built.out / row["file"]).read_bytes()
        assert row["size"] == len(body)
        assert row["sha256"] == hashlib.sha256(body).hexdigest()
    assert sum(row["size"] for row in rows.values()) == built.manifest()["totals"]["bytes"]


def test_what_a_server_must_answer_is_in_the_outputs(built):
    rows = built.outputs()
    assert rows["/feed.xml"]["headers"] == [["content-type", "application/xml; charset=utf-8"]]
    assert rows["/old"]["status"] == 308
    assert ["location", "/new"] in rows["/old"]["headers"]
    assert rows["/old"]["file"] == "old.html"
    assert rows["/hourly"]["revalidate"] == 3600
    assert rows["/feed.xml"]["revalidate"] is False
    special = "/data/" + quote("a b+c%?#ü", safe="") + ".json"
    assert rows[special]["file"] == "data/a b+c%?#ü.json"
    assert rows["/a%20b.txt"] | {"sha256": ""} == {
        "path": "/a%20b.txt",
        "file": "a b.txt",
        "route": "/a b.txt",
        "status": 200,
        "headers": [["content-type", "text/plain; charset=utf-8"]],
        "size": 4,
        "sha256": "",
        "revalidate": False,
        "tags": [],
    }


PATHS = {
    "/": ["/"],
    "/data/[n].json": ["/data/1.json", "/data/a b+c%?#ü.json"],
    "/files/[...path]": ["/files/a", "/files/a/b"],
    "/wiki/[[...path]]": ["/wiki", "/wiki/x", "/wiki/x/y"],
    "/closed/[n]": ["/closed/one"],
    "/a b.txt": ["/a b.txt"],
    "/.well-known/assetlinks.json": ["/.well-known/assetlinks.json"],
}
NOT = {
    "/": ["", "/x"],
    "/data/[n].json": ["/data/.json", "/data/x/1.json", "/data/1_json"],
    "/files/[...path]": ["/files", "/files/"],
    "/wiki/[[...path]]": ["/wikix", "/wiki/x//y"],
    "/closed/[n]": ["/closed", "/closed/a/b"],
    "/.well-known/assetlinks.json": ["/.well-known/assetlinksXjson", "/_well-known/assetlinks.json"],
}


def test_regexes_match_in_python(manifest):
    regexes = {row["pattern"]: re.compile(row["regex"]) for row in manifest["routes"]}
    for pattern, paths in PATHS.items():
        for path in paths:
            assert regexes[pattern].search(path), (pattern, path)
    for pattern, paths in NOT.items():
        for path in paths:
            assert not regexes[pattern].search(path), (pattern, path)


def test_regexes_match_in_javascript(manifest, program):
    node = program("node")
    regexes = {row["pattern"]: row["regex"] for row in manifest["routes"]}
    script = """
        const [regexes, wanted, unwanted] = JSON.parse(require('fs').readFileSync(0, 'utf8'))
        for (const flags of ['', 'u'])
            for (const source of Object.values(regexes)) new RegExp(source, flags)
        const wrong = []
        for (const [pattern, paths] of Object.entries(wanted))
            for (const path of paths) if (!new RegExp(regexes[pattern]).test(path)) wrong.push([pattern, path])
        for (const [pattern, paths] of Object.entries(unwanted))
            for (const path of paths) if (new RegExp(regexes[pattern]).test(path)) wrong.push([pattern, path])
        console.log(JSON.stringify(wrong))
    """
    done = subprocess.run(
        [node, "-e", script],
        input=json.dumps([regexes, PATHS, NOT]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == []


def test_neither_tells_of_the_machine(built):
    texts = [
        (built.out / "_staticroutes" / name).read_text(encoding="utf-8")
        for name in ("manifest.json", "outputs.jsonl")
    ]
    for text in texts:
        assert str(built.folder) not in text
        assert built.folder.parent.name not in text
        assert os.uname().nodename not in text or len(os.uname().nodename) < 4
        assert not re.search(r"\b20[2-9]\d-\d\d-\d\d", text), "a date"
        assert not re.search(r"\b1[6-9]\d{8}\b", re.sub(r'"sha256":"\w+"', "", text)), "a time"


CONDITIONS = {
    "hash seed 1": ({"PYTHONHASHSEED": "1"}, ()),
    "hash seed 2": ({"PYTHONHASHSEED": "2"}, ()),
    "locale C": ({"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, ()),
    "time zone": ({"TZ": "Pacific/Kiritimati"}, ()),
    "one job": ({}, ("--jobs", "1")),
    "eight jobs": ({}, ("--jobs", "8")),
    "no home": ({"HOME": "/nonexistent", "TERM": None, "USER": None}, ()),
    "epoch": ({"SOURCE_DATE_EPOCH": "86400"}, ()),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_same_input_gives_the_same_bytes(built, project, condition):
    env, arguments = CONDITIONS[condition]
    site = project(SITE, name="elsewhere")
    site.built(*arguments, env=env)
    assert site.everything() == built.everything()


def test_the_same_bytes_under_another_umask(built, project):
    site = project(SITE)
    site.built(umask=0o077)
    assert site.everything() == built.everything()


def test_the_same_bytes_with_files_made_in_another_order(built, project):
    site = project(dict(reversed(SITE.items())), name="reversed")
    site.built()
    assert site.everything() == built.everything()


def test_the_same_bytes_in_a_copy_of_a_built_site(built, tmp_path, project_at):
    copy = project_at(Path(shutil.copytree(built.folder, tmp_path / "a" / "copy")))
    shutil.rmtree(copy.out)
    copy.built()
    assert copy.everything() == built.everything()


def test_the_same_bytes_without_workers(built, project):
    import staticroutes

    site = project(SITE)
    result = staticroutes.Site.load(site.folder).build(site.out, isolation="none")
    assert result.ok, result.failures
    assert site.everything() == built.everything()


def test_the_same_bytes_from_a_generator_and_a_list(project):
    """Only what is listed counts, not how."""
    route = "def generate_static_params():\n    {}\n\ndef GET(request, context): return context.params['n']"
    one = project({"app/[n].txt/route.py": route.format("return [{'n': n} for n in 'abc']")})
    two = project({"app/[n].txt/route.py": route.format("yield from ({'n': n} for n in 'cba')")})
    one.built()
    two.built()
    assert one.everything() == two.everything()
