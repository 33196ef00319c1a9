"""The options of ``staticroutes build``."""

# ruff: noqa: E501, RUF012  (route files and tables stand in one line)
from __future__ import annotations

import json
import os

import pytest

HELLO = {"app/hello.json/route.py": "def GET(): return {'hello': 'world'}"}
ECHO = {
    "app/a.json/route.py": """
        dynamic = "force-static"

        def GET(request):
            return {"url": request.url}
        """
}


class TestFolders:
    def test_the_folder_of_the_project(self, project, tmp_path):
        site = project(HELLO, name="site")
        done = site.run("-C", "site", "build", cwd=tmp_path)
        assert done.code == 0, done
        assert list(site.files()) == ["hello.json"]
        assert not (tmp_path / "out").exists()

    def test_out_is_relative_to_that_folder(self, project, tmp_path):
        site = project(HELLO, name="site")
        done = site.run("-C", "site", "build", "--out", "../public_html", cwd=tmp_path)
        assert done.code == 0, done
        assert (tmp_path / "public_html/hello.json").is_file()
        assert not site.out.exists()

    def test_what_handlers_open_is_relative_to_it(self, project, tmp_path):
        site = project(
            {"app/a.txt/route.py": "def GET(): return open('data.txt').read()", "data.txt": "data"},
            name="site",
        )
        assert site.run("-C", "site", "build", cwd=tmp_path).code == 0
        assert site.files() == {"a.txt": b"data"}

    def test_the_configuration_file_is_relative_to_where_one_is(self, project, tmp_path):
        site = project(HELLO, name="site")
        (tmp_path / "other.yaml").write_text("out_dir: elsewhere")
        done = site.run("-C", "site", "--config", "other.yaml", "build", cwd=tmp_path)
        assert done.code == 0, done
        assert (site.folder / "elsewhere/hello.json").is_file()

    def test_python_m_is_the_same(self, project):
        assert project().run("--version").stdout.startswith("staticroutes 0.")


class TestPrecedence:
    """The command line wins over the environment, and that over the file."""

    FILES = {**ECHO, "staticroutes.yaml": "base_url: https://file.example\nout_dir: from-file\n"}

    def url(self, site, out="from-file"):
        return json.loads((site.folder / out / "a.json").read_bytes())["url"]

    def test_the_file(self, project):
        site = project(self.FILES)
        site.built()
        assert self.url(site) == "https://file.example/a.json"

    def test_the_environment(self, project):
        site = project(self.FILES)
        site.built(env={"STATICROUTES_BASE_URL": "https://env.example", "STATICROUTES_OUT": "from-env"})
        assert self.url(site, "from-env") == "https://env.example/a.json"

    def test_the_command_line(self, project):
        site = project(self.FILES)
        site.built(
            "--base-url", "https://option.example", "--out", "from-option",
            env={"STATICROUTES_BASE_URL": "https://env.example", "STATICROUTES_OUT": "from-env"},
        )  # fmt: skip
        assert self.url(site, "from-option") == "https://option.example/a.json"
        assert not (site.folder / "from-env").exists()

    def test_pyproject(self, project):
        site = project({**ECHO, "pyproject.toml": '[tool.staticroutes]\nbase_url = "https://toml.example"\n'})
        site.built()
        assert self.url(site, "out") == "https://toml.example/a.json"

    def test_a_bad_variable_is_named(self, project):
        done = project(HELLO).refused(code=2, env={"STATICROUTES_JOBS": "many"})
        assert "STATICROUTES_JOBS" in done.stderr

    def test_an_empty_variable_is_none(self, project):
        project(HELLO).built(env={"STATICROUTES_JOBS": ""})


class TestStrict:
    FILES = {
        "app/[n].txt/route.py": "def generate_static_params(): return [{'n': 'con'}, {'n': 'fine'}]\ndef GET(): return ''"
    }

    def test_a_warning_is_a_warning(self, project):
        assert "warning: " in project(self.FILES).built().stderr

    @pytest.mark.parametrize("how", ["option", "file", "environment"])
    def test_and_a_failure_when_strict(self, project, how):
        site = project({**self.FILES, "staticroutes.yaml": "strict: true" if how == "file" else ""})
        done = site.refused(
            *(["--strict"] if how == "option" else []),
            env={"STATICROUTES_STRICT": "1"} if how == "environment" else {},
        )
        assert "con.txt" in done.stderr and "warning:" not in done.stderr
        assert not site.out.exists()

    def test_a_dynamic_route_is_no_warning(self, project):
        project({**HELLO, "app/me/route.py": "def GET(request): return request.headers['a']"}).built(
            "--strict"
        )


class TestOnly:
    FILES = {
        "app/posts/[slug].json/route.py": """
            from lib.version import VERSION

            def generate_static_params():
                return [{"slug": n} for n in "abc"]

            def GET(request, context):
                return {"slug": context.params["slug"], "version": VERSION}
            """,
        "app/feed.xml/route.py": "from lib.version import VERSION\ndef GET(): return f'<rss>{VERSION}</rss>'",
        "app/posts/route.py": "from lib.version import VERSION\ndef GET(): return [VERSION]",
        "app/me/route.py": "def GET(request):\n    return request.headers['a']",
        "app/now/route.py": "import time\ndef GET(): return time.time()",
        "app/mixed/[n]/route.py": """
            def generate_static_params(): return [{"n": "a"}, {"n": "b"}]
            def GET(request, context): return "a" if context.params["n"] == "a" else request.url
            """,
        "public/logo.svg": "<svg/>",
        "lib/version.py": "VERSION = 1",
    }

    def test_the_others_stay_as_they_were(self, project):
        site = project(self.FILES)
        site.built()
        before = site.files()
        manifest = site.manifest()
        site.write({"lib/version.py": "VERSION = 2"})
        site.built("--only", "/posts/*")
        after = site.files()
        assert set(after) == set(before)
        assert {name for name in after if after[name] != before[name]} == {f"posts/{n}.json" for n in "abc"}
        assert json.loads(after["posts/a.json"]) == {"slug": "a", "version": 2}
        assert site.manifest() == {**manifest, "totals": site.manifest()["totals"]}
        assert (
            site.manifest()["totals"]["outputs"] == manifest["totals"]["outputs"] == len(site.outputs()) == 7
        )

    def test_one_url(self, project):
        site = project(self.FILES)
        site.built()
        site.write({"lib/version.py": "VERSION = 2"})
        site.built("--only", "/posts/b.json")
        assert [json.loads(site.files()[f"posts/{n}.json"])["version"] for n in "abc"] == [1, 2, 1]
        site.built()
        assert [json.loads(site.files()[f"posts/{n}.json"])["version"] for n in "abc"] == [2, 2, 2]

    def test_dynamic_routes_stay_in_the_manifest(self, project):
        site = project(self.FILES)
        site.built()
        reasons, row = site.reasons(), site.row("/mixed/[n]")
        site.built("--only", "/feed.xml")
        assert site.reasons() == reasons
        assert site.row("/mixed/[n]") == row

    def test_without_an_earlier_build_there_is_only_that(self, project):
        site = project(self.FILES)
        site.built("--only", "/feed.xml")
        assert {name for name in site.files() if name != "logo.svg"} == {"feed.xml"}

    def test_nothing_that_matches_is_said(self, project):
        site = project(self.FILES)
        site.built()
        done = site.build("--only", "/nowhere/*")
        assert done.code == 0 and "/nowhere/*" in done.stderr

    def test_a_failure_leaves_all_as_it_was(self, project):
        site = project(self.FILES)
        site.built()
        before = site.everything()
        site.write({"lib/version.py": "raise OSError('x')"})
        site.refused("--only", "/feed.xml")
        assert site.everything() == before

    def test_base_path_is_no_part_of_it(self, project):
        site = project({**self.FILES, "staticroutes.yaml": "base_path: /docs"})
        site.built("--only", "/feed.xml")
        assert "feed.xml" in site.files()


UNSTABLE = {
    "the clock": "import time\ndef GET(): return str(int(time.time()))",
    "the order of a set": "def GET(): return ' '.join({'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'})",
    "the time zone": "from datetime import datetime\ndef GET(): return datetime.fromtimestamp(86400 * 180 + 43000).isoformat()",
    "the hash": "def GET(): return str(hash('a text'))",
    "an address": "class A: pass\nKEPT = [A() for _ in range(hash('x') % 977)]\ndef GET(): return str(hash(repr(A())))",
    "randomness": "import random\ndef GET(): return str(random.random())",
    "the day, at import": "import datetime\nTODAY = str(datetime.date.today())\ndef GET(): return TODAY",
}


class TestVerify:
    @pytest.mark.parametrize("what", UNSTABLE)
    def test_it_finds(self, project, what):
        site = project({**HELLO, "app/u.txt/route.py": "dynamic = 'force-static'\n" + UNSTABLE[what]})
        site.built()
        before = site.everything()
        done = site.refused("--verify")
        assert "/u.txt" in done.stderr, done
        assert "differs" in done.stderr
        assert "/hello.json" not in done.stderr
        assert site.everything() == before, "and publishes nothing"

    def test_it_passes_what_is_stable(self, project):
        site = project({**HELLO, "app/s.txt/route.py": "def GET(): return ' '.join(sorted({'a', 'b'}))"})
        site.built("--verify")
        assert sorted(site.files()) == ["hello.json", "s.txt"]

    def test_it_passes_the_sample_site(self, sample_site, tmp_path):
        sample_site.built("--verify", "--out", str(tmp_path / "verified"))
        assert sample_site.everything(tmp_path / "verified") == sample_site.everything()

    def test_it_finds_a_route_that_is_static_only_at_times(self, project):
        code = """
            import datetime
            PAST = datetime.date.today().year > {year}

            def GET(request):
                return request.headers["a"] if PAST else "x"
            """
        import datetime

        site = project({**HELLO, "app/s.txt/route.py": code.format(year=datetime.date.today().year)})
        done = site.refused("--verify")
        assert "/s.txt" in done.stderr

    def test_it_leaves_nothing_behind(self, project, tmp_path):
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        project(HELLO).built("--verify", env={"TMPDIR": str(temporary)})
        assert list(temporary.iterdir()) == []

    def test_it_says_when_the_second_build_fails(self, project):
        site = project(
            {
                "app/a/route.py": "import os\ndef GET():\n    assert os.environ.get('TZ') != 'Pacific/Kiritimati'\n    return ''"
            }
        )
        done = site.refused("--verify")
        assert "another clock, hash seed and time zone" in done.stderr
        assert "AssertionError" in done.stderr


class TestOnError:
    FILES = {
        **HELLO,
        "staticroutes.yaml": "on_error: warn",
        "app/p/[n].txt/route.py": """
            from staticroutes import Response, not_found

            def generate_static_params():
                return [{"n": n} for n in ("good", "raises", "status", "missing")]

            def GET(request, context):
                match context.params["n"]:
                    case "raises":
                        raise ValueError("no")
                    case "status":
                        return Response("", 500)
                    case "missing":
                        not_found()
                return "good"
            """,
    }

    def test_a_failing_url_is_left_out(self, project):
        site = project(self.FILES)
        done = site.built()
        assert sorted(site.files()) == ["hello.json", "p/good.txt"]
        for name in ("raises", "status", "missing"):
            assert f"/p/{name}.txt is left out" in done.stderr
        assert done.stderr.count("warning:") == 3
        assert site.row("/p/[n].txt")["outputs"] == 1

    def test_strict_fails_all_the_same(self, project):
        done = project(self.FILES).refused("--strict")
        assert "3 failures" in done.stderr

    def test_what_is_wrong_with_the_site_itself_fails(self, project):
        project({**self.FILES, "app/bad/route.py": "def get(): pass"}).refused()
        project({**self.FILES, "public/hello.json": "{}"}).refused()
        project({**self.FILES, "app/HELLO.json/route.py": "def GET(): return {}"}).refused()


class TestBudgets:
    FILES = {
        "app/a/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(4)]\ndef GET(): return 'x' * 100",
        "app/b.txt/route.py": "def GET(): return 'y' * 1000",
    }

    @pytest.mark.parametrize(
        ("budget", "said"),
        [
            pytest.param("max_outputs: 4", "5 outputs, and max_outputs is 4", id="max-outputs"),
            pytest.param("max_outputs: 5", None, id="max-outputs-kept"),
            pytest.param("min_outputs: 6", "5 outputs, and min_outputs is 6", id="min-outputs"),
            pytest.param("min_outputs: 5", None, id="min-outputs-kept"),
            pytest.param(
                "max_total_size: 1399", "1400 bytes, and max_total_size is 1399", id="max-total-size"
            ),
            pytest.param("max_total_size: 1400", None, id="max-total-size-kept"),
            pytest.param(
                "max_file_size: 999", "/b.txt is 1000 bytes, and max_file_size is 999", id="max-file-size"
            ),
            pytest.param("max_file_size: 1000", None, id="max-file-size-kept"),
            pytest.param("/b.txt: {max_file_size: 999}", "/b.txt is 1000 bytes", id="route-max-file-size"),
            pytest.param('"/a/[n].txt": {max_file_size: 999}', None, id="route-max-file-size-kept"),
            pytest.param(
                '"/a/[n].txt": {min_outputs: 5}', "/a/[n].txt has 4 outputs", id="route-min-outputs"
            ),
            pytest.param(
                '"/a/[n].txt": {max_outputs: 3}', "/a/[n].txt has 4 outputs", id="route-max-outputs"
            ),
            pytest.param(
                '"/a/[n].txt": {max_total_size: 399}', "/a/[n].txt has 400 bytes", id="route-max-total-size"
            ),
            pytest.param("/nowhere: {min_outputs: 1}", "/nowhere, which does not exist", id="unknown-route"),
            pytest.param(
                "max_file_size: 100\n  /b.txt: {max_file_size: 1000}", None, id="a-route-has-its-own"
            ),
        ],
    )
    def test_each(self, project, budget, said):
        site = project(self.FILES)
        (site.folder / "staticroutes.yaml").write_text(f"budgets:\n  {budget}\n")
        if said is None:
            site.built()
        else:
            done = site.refused()
            assert said in done.stderr, done
            assert not site.out.exists()


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param("base-url: x", "did you mean base_url?", id="dash"),
            pytest.param("outdir: x", "did you mean out_dir?", id="letters"),
            pytest.param("trailing_slahs: true", "did you mean trailing_slash?", id="swapped"),
            pytest.param("budgets: {max_size: 1}", "did you mean", id="inner"),
            pytest.param("redirects: [{source: /a, to: /b}]", "'to'", id="rule"),
        ],
    )
    def test_did_you_mean(self, project, text, said):
        done = project({**HELLO, "staticroutes.yaml": text}).refused(code=2)
        assert said in done.stderr, done
        assert "staticroutes.yaml" in done.stderr

    def test_all_at_once(self, project):
        done = project({**HELLO, "staticroutes.yaml": "jbos: 1\ntimeout: -1\nbase_url: nowhere"}).refused(
            code=2
        )
        assert "jbos" in done.stderr and "timeout" in done.stderr and "base_url" in done.stderr

    @pytest.mark.parametrize(
        "key", ["host: netlify", "origin: https://x.example", "sitemap: auto", "lock: {max_shrink: 0.1}"]
    )
    def test_what_this_version_cannot_do_is_refused_and_not_passed_over(self, project, key):
        done = project({**HELLO, "staticroutes.yaml": key}).refused(code=2)
        assert "not supported by this version" in done.stderr


def test_jobs_one_and_many_give_the_same(project):
    site = project(TestOnly.FILES)
    site.built("--jobs", "1")
    one = site.everything()
    site.built("--jobs", "16")
    assert site.everything() == one


def test_no_cache_is_taken(project):
    project(HELLO).built("--no-cache")


def test_verbose_says_what_could_make_a_route_static(project):
    site = project({**HELLO, "app/me/route.py": "def GET(request): return request.headers['a']"})
    assert "force-static" in site.run("-v", "build").stdout
    assert "force-static" not in site.run("build").stdout


def test_failures_stand_at_the_end(project):
    import subprocess

    site = project({**HELLO, "app/bad/route.py": "def GET(): 1/0"})
    with site.start("build", stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said = process.stdout.read().decode()
    assert said.index("/hello.json") < said.index("error: /bad") < said.index("1 failure")


def test_src_app_is_found(project):
    site = project({f"src/{name}": text for name, text in HELLO.items()})
    site.built()
    assert site.manifest()["routes"][0]["source"] == "src/app/hello.json/route.py"


def test_an_app_beside_src_app_is_a_warning(project):
    done = project({**HELLO, "src/app/x/route.py": "def GET(): return ''"}).built()
    assert "src/app is not routed" in done.stderr


def test_other_folders(project):
    site = project(
        {
            "staticroutes.yaml": "app_dir: routes\npublic_dir: static\nout_dir: dist/site\n",
            "routes/a.txt/route.py": "def GET(): return 'a'",
            "static/b.txt": "b",
        }
    )
    site.built()
    assert site.files(site.folder / "dist/site") == {"a.txt": b"a", "b.txt": b"b"}


def test_secrets_of_the_environment_are_in_no_manifest(project):
    site = project({"app/a.txt/route.py": "import os\ndef GET(): return 'x' if os.environ['SECRET'] else ''"})
    site.built(env={"SECRET": "hunter2-hunter2"})
    assert all(b"hunter2" not in body for body in site.everything().values())
    assert os.environ.get("SECRET") is None
