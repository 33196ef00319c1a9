"""``staticroutes routes`` and ``staticroutes explain URL``."""

from __future__ import annotations

FILES = {
    "app/static/route.py": "dynamic = 'force-static'\ndef GET(): return 'x'",
    "app/auto/route.py": "def GET(): raise SystemError('routes must not call it')",
    "app/live/route.py": "dynamic = 'force-dynamic'\ndef GET(): return ''",
    "app/items/[slug].json/route.py": """
        def generate_static_params():
            return [{"slug": "a b"}]

        def GET(request, context):
            return context.params
        """,
    "app/me/route.py": "def GET(request):\n    return request.headers['a']",
    "app/open/[n]/route.py": "def GET(): return ''",
    "app/closed/[n]/route.py": """
        dynamic_params = False

        def generate_static_params():
            return [{"n": "a"}]

        def GET():
            return ""
        """,
    "app/old/route.py": "from staticroutes import redirect\ndef GET(): redirect('/auto')",
}


def test_routes_lists_without_calling(project):
    done = project(FILES).run("routes")
    assert done.code == 0, done
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if " /" in line}
    assert lines["/static"].startswith("○") and "force-static" in lines["/static"]
    assert lines["/auto"].startswith("?")
    assert lines["/live"].startswith("ƒ")
    assert lines["/open/[n]"].startswith("ƒ")
    assert "app/items/[slug].json/route.py" in lines["/items/[slug].json"]


def test_routes_as_json(project):
    rows = {row["pattern"]: row for row in project(FILES).run("routes", "--json").json()["routes"]}
    assert rows["/items/[slug].json"] == {
        "pattern": "/items/[slug].json",
        "regex": rows["/items/[slug].json"]["regex"],
        "source": "app/items/[slug].json/route.py",
        "kind": "route",
        "methods": ["GET", "HEAD", "OPTIONS"],
        "dynamic": "auto",
        "dynamic_params": True,
        "revalidate": False,
        "static_params": True,
        "reason": None,
    }
    assert rows["/live"]["reason"]["code"] == "force-dynamic"


def test_routes_of_a_broken_site(project):
    done = project({**FILES, "app/bad/route.py": "def get(): pass"}).run("routes")
    assert done.code == 1
    assert "did you mean GET?" in done.stderr and done.stdout == ""


def test_a_module_that_ends_the_process_is_no_success(project):
    site = project({**FILES, "app/bad/route.py": "import os\nos._exit(0)"})
    for command in (["routes"], ["explain", "/static"]):
        done = site.run(*command)
        assert done.code == 1, done
        assert done.stderr


def explained(project, url, code=0):
    done = project(FILES).run("explain", url)
    assert done.code == code, done
    return done.stdout


def test_explain_a_static_url(project):
    said = explained(project, "/items/a%20b.json")
    assert "app/items/[slug].json/route.py  (/items/[slug].json)" in said
    assert "{'slug': 'a b'}" in said
    assert "no request-time access, no unstable input" in said
    assert "200 application/json" in said
    assert "items/a b.json" in said


def test_explain_a_url_that_is_not_listed(project):
    assert "generate_static_params does not list it" in explained(project, "/items/b.json")
    assert "404" in explained(project, "/closed/b", code=1)


def test_explain_a_dynamic_url(project):
    said = explained(project, "https://example.com/me?x=1")
    assert "read request.headers" in said and "app/me/route.py:2" in said and "force-static" in said
    assert "no-static-params" in explained(project, "/open/7")


def test_explain_a_redirect(project):
    assert "307" in explained(project, "/old")


def test_explain_a_failure(project):
    assert "SystemError: routes must not call it" in explained(project, "/auto", code=1)


def test_explain_a_url_that_nothing_answers(project):
    said = explained(project, "/autp", code=1)
    assert "no route answers" in said and "did you mean /auto" in said


def test_explain_with_a_base_path(project):
    site = project({**FILES, "staticroutes.yaml": "base_path: /docs"})
    assert "app/static/route.py" in site.run("explain", "/docs/static").stdout
    assert "app/static/route.py" in site.run("explain", "/static").stdout


def test_what_modules_print_is_not_in_the_answer(project):
    site = project({"app/a/route.py": "print('noise')\ndef GET():\n    print('noise')\n    return ''"})
    assert "noise" not in site.run("explain", "/a").stdout
    assert "noise" not in site.run("routes").stdout
