"""From URLs to files: the table of names, collisions, ``public/``, redirects."""

# ruff: noqa: E501, RUF012  (route files and tables stand in one line)
from __future__ import annotations

import os
import unicodedata

import pytest

HTML = "from staticroutes import Response\n\ndef GET(): return Response.html('<p>{}')"
LISTED = """
    def generate_static_params():
        return {listed!r}

    def GET(request, context):
        return {{"ok": True}}
    """


def listed(*items: object) -> str:
    return LISTED.format(listed=list(items))


# URL → what the handler returns → the file.
ROWS = [
    pytest.param("app/rss.xml/route.py", "def GET(): return '<rss/>'", "/rss.xml", "rss.xml", id="extension"),
    pytest.param("app/api/a.json/route.py", "def GET(): return {}", "/api/a.json", "api/a.json", id="json"),
    pytest.param("app/about/route.py", HTML.format("a"), "/about", "about.html", id="html"),
    pytest.param(
        "app/about.html/route.py", HTML.format("a"), "/about.html", "about.html", id="html-with-extension"
    ),
    pytest.param("app/x.txt/route.py", HTML.format("a"), "/x.txt", "x.txt", id="html-with-another-extension"),
    pytest.param(
        "app/v1.2/route.py", HTML.format("a"), "/v1.2", "v1.2.html", id="html-with-a-dot-that-is-no-extension"
    ),
    pytest.param("app/route.py", HTML.format("a"), "/", "index.html", id="root-html"),
    pytest.param("app/route.py", "def GET(): return {}", "/", "index.json", id="root-json"),
    pytest.param("app/route.py", "def GET(): return 'x'", "/", "index.txt", id="root-text"),
    pytest.param("app/route.py", "def GET(): return b'x'", "/", "index.bin", id="root-bytes"),
    pytest.param(
        "app/route.py",
        "from staticroutes import Response\ndef GET(): return Response.xml('<a/>')",
        "/",
        "index.xml",
        id="root-xml",
    ),
    pytest.param(
        "app/api/items/route.py", "def GET(): return []", "/api/items", "api/items", id="no-extension"
    ),
    pytest.param(
        "app/old/route.py",
        "from staticroutes import permanent_redirect\ndef GET(): permanent_redirect('/new')",
        "/old",
        "old.html",
        id="redirect",
    ),
    pytest.param(
        "app/old.xml/route.py",
        "from staticroutes import redirect\ndef GET(): redirect('/new')",
        "/old.xml",
        "old.xml.html",
        id="redirect-with-extension",
    ),
    pytest.param(
        "app/old.html/route.py",
        "from staticroutes import redirect\ndef GET(): redirect('/new')",
        "/old.html",
        "old.html",
        id="redirect-with-html-extension",
    ),
    pytest.param(
        "app/route.py",
        "from staticroutes import redirect\ndef GET(): redirect('/en')",
        "/",
        "index.html",
        id="redirect-root",
    ),
    pytest.param(
        "app/.well-known/x/route.py",
        "def GET(): return ''",
        "/.well-known/x",
        ".well-known/x",
        id="well-known",
    ),
    pytest.param("app/%5Fx/route.py", "def GET(): return ''", "/_x", "_x", id="underscore"),
    pytest.param("app/(g)/a b/route.py", "def GET(): return ''", "/a%20b", "a b", id="space"),
    pytest.param("app/ü/route.py", "def GET(): return ''", "/%C3%BC", "ü", id="umlaut"),
]


@pytest.mark.parametrize(("route", "code", "path", "file"), ROWS)
def test_url_to_file(project, route, code, path, file):
    site = project({route: code})
    site.built()
    assert list(site.files()) == [file]
    assert [(row["path"], row["file"]) for row in site.outputs().values()] == [(path, file)]


TRAILING = [
    pytest.param("app/about/route.py", HTML.format("a"), "/about", "about/index.html", id="html"),
    pytest.param(
        "app/about.html/route.py", HTML.format("a"), "/about.html", "about.html", id="html-with-extension"
    ),
    pytest.param("app/route.py", HTML.format("a"), "/", "index.html", id="root"),
    pytest.param("app/api/route.py", "def GET(): return {}", "/api", "api", id="json"),
    pytest.param(
        "app/old/route.py",
        "from staticroutes import redirect\ndef GET(): redirect('/new')",
        "/old",
        "old/index.html",
        id="redirect",
    ),
]


@pytest.mark.parametrize(("route", "code", "path", "file"), TRAILING)
def test_url_to_file_with_a_trailing_slash(project, route, code, path, file):
    site = project({route: code, "staticroutes.yaml": "trailing_slash: true"})
    site.built()
    assert list(site.files()) == [file]
    assert site.manifest()["trailing_slash"] is True


@pytest.mark.parametrize(
    ("other", "file"),
    [
        pytest.param(
            {"app/api/items/a.json/route.py": "def GET(): return {}"}, "api/items/a.json", id="static"
        ),
        pytest.param(
            {"app/api/items/[n].json/route.py": listed({"n": "a"})}, "api/items/a.json", id="listed"
        ),
        pytest.param(
            {"app/api/[x]/[n].json/route.py": listed({"x": "items", "n": "a"})},
            "api/items/a.json",
            id="crosswise",
        ),
        pytest.param(
            {"app/[...all]/route.py": listed({"all": ["api", "items", "a.json"]})},
            "api/items/a.json",
            id="catch-all",
        ),
        pytest.param({"public/api/items/a.json": "{}"}, "api/items/a.json", id="public"),
    ],
)
def test_an_output_gives_way_where_its_name_must_be_a_folder(project, other, file):
    site = project({"app/api/items/route.py": "def GET(): return []", **other})
    done = site.built()
    assert sorted(site.files()) == sorted(["api/items/index.json", file])
    assert site.outputs()["/api/items"]["file"] == "api/items/index.json"
    assert "/api/items is written to api/items/index.json" in done.stdout, "reported"


def test_it_keeps_its_name_where_no_listed_url_needs_the_folder(project):
    site = project(
        {
            "app/api/items/route.py": "def GET(): return []",
            "app/api/[x]/[n].json/route.py": listed({"x": "other", "n": "a"}),
        }
    )
    site.built()
    assert sorted(site.files()) == ["api/items", "api/other/a.json"]


def test_the_folder_of_a_catch_all(project):
    site = project({"app/t/[[...p]]/route.py": listed({}, {"p": ["a"]}, {"p": ["a", "b"]}, {"p": ["c"]})})
    site.built()
    assert sorted(site.files()) == ["t/a/b", "t/a/index.json", "t/c", "t/index.json"]


COLLISIONS = [
    pytest.param(
        {"app/a/route.py": HTML.format("a"), "app/a.html/route.py": HTML.format("b")},
        ["app/a/route.py", "app/a.html/route.py", "a.html"],
        id="the-same-file",
    ),
    pytest.param(
        {"app/Blog/route.py": "def GET(): return ''", "app/blog/route.py": "def GET(): return ''"},
        ["app/Blog/route.py", "app/blog/route.py"],
        id="case",
    ),
    pytest.param(
        {"app/[n].txt/route.py": listed({"n": "A"}, {"n": "a"})},
        ["/A.txt", "/a.txt", "app/[n].txt/route.py"],
        id="case-of-params",
    ),
    pytest.param(
        {
            "app/p/[n]/route.py": listed({"n": unicodedata.normalize("NFC", "é") + ".txt"}),
            "public/p/" + unicodedata.normalize("NFD", "É.txt"): "x",
        },
        ["app/p/[n]/route.py", "public/p/"],
        id="normalisation",
    ),
    pytest.param(
        {"app/a/route.py": HTML.format("a"), "app/a.html/b/route.py": "def GET(): return ''"},
        ["app/a/route.py", "app/a.html/b/route.py"],
        id="file-and-folder",
    ),
    pytest.param(
        {"app/x.json/route.py": "def GET(): return {}", "app/x.json/y.json/route.py": "def GET(): return {}"},
        ["app/x.json/route.py", "app/x.json/y.json/route.py"],
        id="extension-and-folder",
    ),
    pytest.param(
        {"app/a.txt/route.py": "def GET(): return ''", "public/a.txt": "x"},
        ["app/a.txt/route.py", "public/a.txt"],
        id="public",
    ),
    pytest.param(
        {"app/[n].txt/route.py": listed({"n": "a"}), "public/a.txt": "x"},
        ["app/[n].txt/route.py", "public/a.txt"],
        id="public-and-param",
    ),
    pytest.param(
        {"app/a.txt/route.py": "def GET(): return ''", "public/A.txt": "x"},
        ["app/a.txt/route.py", "public/A.txt"],
        id="public-but-for-case",
    ),
    pytest.param(
        {"app/a.txt/route.py": "def GET(): return ''", "public/a.txt/b": "x"},
        ["app/a.txt/route.py", "public/a.txt/b"],
        id="public-folder",
    ),
    pytest.param(
        {"app/about/route.py": HTML.format("a"), "public/about.html": "x"},
        ["app/about/route.py", "public/about.html"],
        id="public-html",
    ),
]


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("files", "named"), COLLISIONS)
def test_collisions_name_both_and_nothing_is_written(project, files, named, jobs):
    site = project(files)
    done = site.refused("--jobs", jobs)
    for name in named:
        assert name in done.stderr, name
    assert not site.out.exists()
    assert site.litter() == []


def test_names_of_windows_are_a_warning(project):
    site = project({"app/[n].txt/route.py": listed({"n": "con"}, {"n": "a:b"}, {"n": "fine"})})
    done = site.built()
    assert done.stderr.count("warning:") == 2
    assert "/con.txt" in done.stderr and "a:b.txt" in done.stderr


@pytest.mark.parametrize(
    "value",
    ["..", ".", "a/b", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\x85b", "a\u202eb", "\ud800", "x" * 256, ""],
    ids=[
        "dot-dot",
        "dot",
        "slash",
        "backslash",
        "nul",
        "newline",
        "del",
        "c1",
        "bidi",
        "surrogate",
        "long",
        "empty",
    ],
)
def test_values_that_are_no_file_names_are_errors(project, value):
    site = project(
        {"app/p/[n]/route.py": listed({"n": value}, {"n": "good"}), "app/q/route.py": "def GET(): 1/0"}
    )
    done = site.refused()
    assert "app/p/[n]/route.py" in done.stderr
    assert repr(value)[1:-1][:40] in done.stderr, "the value is shown, escaped"
    assert "ZeroDivisionError" in done.stderr, "together with the others"
    assert not site.out.exists()


def test_a_name_that_is_too_long_with_its_extension(project):
    code = """
        from staticroutes import Response

        def generate_static_params():
            return [{"n": "x" * 252}]

        def GET():
            return Response.html("")
        """
    done = project({"app/[n]/route.py": code}).refused()
    assert "app/[n]/route.py" in done.stderr
    assert "255" in done.stderr


def test_the_folder_of_the_manifest_is_ours(project):
    done = project({"app/%5Fstaticroutes/x/route.py": "def GET(): return ''"}).refused()
    assert "_staticroutes" in done.stderr
    done = project(
        {"app/a/route.py": "def GET(): return ''", "public/_staticroutes/manifest.json": "{}"}
    ).refused()
    assert "public/_staticroutes" in done.stderr


class TestPublic:
    ROUTE = {"app/a.json/route.py": "def GET(): return {}"}

    def test_files_are_copied_as_they_are(self, project):
        body = os.urandom(300_000)
        site = project(
            {
                **self.ROUTE,
                "public/img/photo.JPG": body,
                "public/.nojekyll": b"",
                "public/.well-known/x.json": "{}",
                "public/CNAME": "example.com",
                "public/empty/": b"",
            }
        )
        site.built()
        assert site.files() == {
            "a.json": b"{}",
            "img/photo.JPG": body,
            ".nojekyll": b"",
            ".well-known/x.json": b"{}",
            "CNAME": b"example.com",
        }
        row = site.outputs()["/img/photo.JPG"]
        assert row["headers"] == [["content-type", "image/jpeg"]]
        assert site.row("/img/photo.JPG")["kind"] == "public"
        assert site.outputs()["/CNAME"]["headers"] == [["content-type", "application/octet-stream"]]

    def test_a_public_folder_alone_is_a_site(self, project):
        site = project({"app/": b"", "public/index.html": "<p>"})
        site.built()
        assert site.files() == {"index.html": b"<p>"}

    def test_links_within_the_project_are_followed(self, project):
        site = project({**self.ROUTE, "content/a.txt": "a", "content/deep/b.txt": "b", "public/x.txt": "x"})
        os.symlink("../content/a.txt", site.folder / "public/link.txt")
        os.symlink("../content", site.folder / "public/folder")
        site.built()
        assert site.files()["link.txt"] == b"a"
        assert site.files()["folder/deep/b.txt"] == b"b"
        assert not any(path.is_symlink() for path in site.out.rglob("*"))

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            pytest.param("/etc/hostname", "out of the project", id="outside"),
            pytest.param("../../outside.txt", "out of the project", id="outside-relative"),
            pytest.param("nowhere", "leads nowhere", id="dangling"),
            pytest.param(".", "circle", id="circle"),
            pytest.param("link", "", id="self"),
        ],
    )
    def test_other_links_are_errors(self, project, target, said):
        site = project({**self.ROUTE, "public/x.txt": "x"})
        (site.folder.parent / "outside.txt").write_text("secret")
        os.symlink(target, site.folder / "public/link")
        done = site.refused()
        assert "public/link" in done.stderr and said in done.stderr

    def test_a_fifo_is_an_error_and_no_hang(self, project):
        site = project({**self.ROUTE, "public/x.txt": "x"})
        os.mkfifo(site.folder / "public/pipe")
        done = site.refused(timeout=20)
        assert "public/pipe" in done.stderr

    @pytest.mark.parametrize("name", ["a\nb.txt", "a\\b.txt", "b\udcff.txt", "a\x1b[31m.txt"])
    def test_names_that_cannot_be_published(self, project, name):
        site = project({**self.ROUTE, "public/x.txt": "x"})
        (site.folder / "public" / name).write_text("x")
        done = site.refused()
        assert "public/" in done.stderr
        assert "\x1b[31m" not in done.stderr, "escaped"

    def test_two_spellings_of_one_name_collide(self, project):
        site = project(self.ROUTE)
        (site.folder / "public").mkdir()
        for form in ("NFC", "NFD"):
            (site.folder / "public" / unicodedata.normalize(form, "é.txt")).write_text(form)
        done = site.refused()
        assert "é.txt" in unicodedata.normalize("NFC", done.stderr)

    def test_a_decomposed_name_is_composed(self, project):
        site = project({**self.ROUTE, "public/" + unicodedata.normalize("NFD", "é.txt"): "x"})
        site.built()
        assert unicodedata.normalize("NFC", "é.txt") in site.files()
        assert site.outputs()["/%C3%A9.txt"]["size"] == 1


class TestRedirects:
    def stub(self, project, location, **config):
        site = project(
            {
                "app/old/route.py": f"from staticroutes import Response\ndef GET(): return Response.redirect({location!r}, 301)",
                "staticroutes.yaml": "".join(f"{key}: {value}\n" for key, value in config.items()),
            }
        )
        site.built()
        return site, site.files()["old.html"].decode()

    def test_the_stub_leads_on(self, project):
        site, stub = self.stub(project, "/new?a=1&b=2")
        assert '<meta http-equiv="refresh" content="0; url=/new?a=1&amp;b=2">' in stub
        assert '<link rel="canonical" href="/new?a=1&amp;b=2">' in stub
        assert site.outputs()["/old"]["status"] == 301

    def test_the_stub_is_escaped(self, project):
        _, stub = self.stub(project, "/new?\"><script>alert(1)</script>'")
        assert "<script>" not in stub
        assert '"><' not in stub.replace('">\n<', "").replace('">/new', "").replace('"><!', "")
        assert stub.count("&lt;script&gt;") == 4

    @pytest.mark.parametrize(
        "location", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", " javascript:x"]
    )
    def test_a_script_is_no_place_to_go(self, project, location):
        """A browser does not follow these in a Location header, but would in a link."""
        _, stub = self.stub(project, location)
        assert "href" not in stub or location.strip().lower() not in stub.lower()

    def test_the_base_path_is_in_the_location_and_not_in_the_path(self, project):
        site, stub = self.stub(project, "/new", base_path="/docs")
        assert ["location", "/docs/new"] in site.outputs()["/old"]["headers"]
        assert "url=/docs/new" in stub
        assert site.outputs()["/old"]["file"] == "old.html"

    def test_another_site_stays_another_site(self, project):
        _, stub = self.stub(project, "https://example.com/x", base_path="/docs")
        assert "url=https://example.com/x" in stub


class TestBasePath:
    FILES = {
        "staticroutes.yaml": "base_path: /docs\nbase_url: https://example.com",
        "app/a.json/route.py": """
            dynamic = "force-static"

            def GET(request):
                return {"url": request.url, "base": request.next_url.base_path, "path": request.next_url.pathname}
            """,
    }

    def test_files_and_paths_are_without_it(self, project):
        site = project(self.FILES)
        site.built()
        assert site.files() == {
            "a.json": b'{"url":"https://example.com/docs/a.json","base":"/docs","path":"/a.json"}'
        }
        manifest = site.manifest()
        assert manifest["base_path"] == "/docs"
        assert [row["pattern"] for row in manifest["routes"]] == ["/a.json"]
        assert list(site.outputs()) == ["/a.json"]

    def test_an_absolute_url_needs_a_base_url(self, project):
        site = project({**self.FILES, "staticroutes.yaml": ""})
        done = site.refused()
        assert "base_url" in done.stderr
        assert "app/a.json/route.py" in done.stderr
