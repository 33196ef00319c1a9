"""The sample site, built as the README says and looked at from outside."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import feedparser
import icalendar
import pytest

STATIC = """
    / /.well-known/security.txt /about /api/entries /api/entries/[slug].json /api/guestbook /api/moon/[date].json
    /atlas.geojson /atlas/[[...path]] /calendar.ics /entries/[slug] /export.csv /feed.atom /feed.json /feed.xml
    /guestbook /guide /guide/[...path] /latest /robots.txt /rss /search-index.json /site.json /sitemap.xml
    /tags/[tag] /tags/[tag]/feed.xml /wheel.svg
    """.split()
DYNAMIC = {
    "/whoami": "request-time",
    "/now": "unstable-input",
    "/search": "request-time",
    "/surprise": "request-time",
    "/preview": "request-time",
    "/desk": "force-dynamic",
    "/health": "revalidate-0",
    "/api/near/[latitude]/[longitude]": "no-static-params",
}


def test_verdicts(sample_site):
    routes = sample_site.manifest()["routes"]
    assert sorted(
        row["pattern"] for row in routes if row["kind"] == "route" and row["render"] == "static"
    ) == sorted(STATIC)
    assert len(STATIC) == 27
    assert sum(row["kind"] == "public" for row in routes) == 3
    assert {pattern: reason["code"] for pattern, reason in sample_site.reasons().items()} == DYNAMIC
    (post,) = [row for row in sample_site.manifest()["dynamic"] if row["reason"]["code"] == "method"]
    assert (post["pattern"], post["methods"]) == ("/api/guestbook", ["OPTIONS", "POST"])


def test_places_of_reasons(sample_site):
    for pattern, reason in sample_site.reasons().items():
        file, _, line = reason["at"].partition(":")
        text = (sample_site.folder / file).read_text(encoding="utf-8").splitlines()
        assert line.isdigit(), pattern
        assert 1 <= int(line) <= len(text), pattern
    at = sample_site.reasons()["/now"]["at"]
    file, _, line = at.partition(":")
    assert "datetime.now" in (sample_site.folder / file).read_text().splitlines()[int(line) - 1]


def test_files(sample_site):
    files = sample_site.files()
    assert len(files) == len(sample_site.outputs()) == 105
    for name in (
        "index.html",
        "about.html",
        "api/entries/index.json",
        "atlas.html",
        "guide.html",
        "latest.html",
    ):
        assert name in files, name


def test_every_table_row_of_its_readme_is_a_url(sample_site):
    """The sample's own README names addresses; each is an output or a dynamic route."""
    text = (sample_site.folder / "README.md").read_text(encoding="utf-8")
    static, _, dynamic = text.partition("## Left for request time")
    named = re.findall(r"^\| (`/.*?) \|", static, re.MULTILINE)
    paths = [path for cell in named for path in re.findall(r"`([^`]+)`", cell)]
    assert len(paths) > 25
    outputs = sample_site.outputs()
    assert [path for path in paths if path not in outputs] == []
    regexes = [re.compile(row["regex"]) for row in sample_site.manifest()["dynamic"]]
    for path in re.findall(r"^\| `(/[^`?]*)", dynamic, re.MULTILINE):
        assert any(regex.search(path) for regex in regexes), path


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src", "action") and value is not None:
                self.links.append(value)
            if name == "id":
                self.ids.add(value)


def test_internal_links_resolve(sample_site):
    outputs = sample_site.outputs()
    pages = {}
    for path, row in outputs.items():
        if dict(row["headers"]).get("content-type", "").startswith("text/html") or row["file"].endswith(
            ".html"
        ):
            parser = Links()
            parser.feed((sample_site.out / row["file"]).read_text(encoding="utf-8"))
            pages[path] = parser
    dynamic = [re.compile(row["regex"]) for row in sample_site.manifest()["dynamic"]]
    base = sample_site.manifest()["base_url"]
    broken, count = [], 0
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(urljoin(base + path, link))
            if f"{target.scheme}://{target.netloc}" != base:
                continue
            count += 1
            known = target.path in outputs or any(regex.search(unquote(target.path)) for regex in dynamic)
            if not known:
                broken.append(f"{path} → {link}")
            elif (
                target.fragment
                and target.path in pages
                and unquote(target.fragment) not in pages[target.path].ids
            ):
                broken.append(f"{path} → {link} (no such id)")
    assert broken == []
    assert count > 500


@pytest.mark.parametrize(
    "file", ["feed.xml", "feed.atom", *(f"tags/{tag}/feed.xml" for tag in ("homes", "moon"))]
)
def test_feeds(sample_site, file):
    path = sample_site.out / file
    if not path.exists():
        pytest.fail(
            f"there is no {file}; there are {sorted(p.parent.name for p in sample_site.out.glob('tags/*/feed.xml'))}"
        )
    feed = feedparser.parse(
        path.read_bytes(), response_headers={"content-type": "application/xml; charset=utf-8"}
    )
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version in ("rss20", "atom10")
    assert feed.entries and feed.feed.title and feed.feed.link
    assert all(entry.id and entry.link.startswith("https://") and entry.title for entry in feed.entries)
    dates = [entry.published_parsed for entry in feed.entries]
    assert dates == sorted(dates, reverse=True), "newest first"
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)


def test_json_feed(sample_site):
    row = sample_site.outputs()["/feed.json"]
    assert dict(row["headers"])["content-type"].startswith("application/feed+json")
    feed = json.loads((sample_site.out / "feed.json").read_bytes())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert all({"id", "url"} <= set(item) for item in feed["items"])


def test_calendar(sample_site):
    calendar = icalendar.Calendar.from_ical((sample_site.out / "calendar.ics").read_bytes())
    events = calendar.walk("VEVENT")
    assert events
    assert len({str(event["UID"]) for event in events}) == len(events)
    assert b"\r\n" in (sample_site.out / "calendar.ics").read_bytes()


def test_xml_is_well_formed(sample_site, program):
    files = [str(path) for path in sample_site.out.rglob("*") if path.suffix in (".xml", ".atom", ".svg")]
    assert len(files) > 10
    done = subprocess.run(
        [program("xmllint"), "--noout", "--nonet", *files], capture_output=True, text=True, check=False
    )
    assert done.stderr == "" and done.returncode == 0


def test_json_is_json(sample_site):
    for row in sample_site.outputs().values():
        if "json" in dict(row["headers"]).get("content-type", ""):
            json.loads((sample_site.out / row["file"]).read_bytes())


def test_sitemap_lists_outputs(sample_site):
    text = (sample_site.out / "sitemap.xml").read_text(encoding="utf-8")
    locations = re.findall(r"<loc>([^<]+)</loc>", text)
    outputs = sample_site.outputs()
    assert len(locations) > 20
    assert [loc for loc in locations if (urlsplit(loc).path or "/") not in outputs] == []


@pytest.fixture(scope="module")
def nginx(sample_site, program, tmp_path_factory):
    """nginx on a free port, which knows nothing but ``out/`` and ``outputs.jsonl``; gives its address."""
    folder = tmp_path_factory.mktemp("nginx")
    site = folder / "site"
    shutil.copytree(sample_site.out, site)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}") + '"'

    locations = []
    for path, row in sample_site.outputs().items():
        headers = dict(row["headers"])
        rules = [
            f"add_header {name} {quoted(value)} always;"
            for name, value in headers.items()
            if name not in ("content-type", "location")
        ]
        if 300 <= row["status"] < 400:
            rules.append(f"return {row['status']} {quoted(headers['location'])};")
        else:
            kind = headers.get("content-type", "")
            rules.append(f"types {{}} default_type {quoted(kind)};")
            rules.append(f"try_files {quoted('/' + row['file'])} =404;")
        locations.append(f"location = {quoted(unquote(path))} {{ {' '.join(rules)} }}")
    (folder / "nginx.conf").write_text(
        f"""
        {"user root;" if os.geteuid() == 0 else ""}
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off;
            absolute_redirect off;
            geo $dollar {{ default "$"; }}
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            server {{
                listen 127.0.0.1:{port};
                root {site};
                {" ".join(locations)}
                location / {{ return 404; }}
            }}
        }}
        """,
        encoding="utf-8",
    )
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", "daemon off;"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        limit = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > limit:
                    pytest.fail(f"nginx does not start: {process.communicate()[0].decode()}")
                time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


def test_nginx_answers_with_what_the_outputs_say(sample_site, nginx):
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    for path, row in sample_site.outputs().items():
        try:
            answer = opener.open(nginx + path, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            assert answer.status == row["status"], path
            for name, value in row["headers"]:
                assert answer.headers[name] == value, (path, name)
            if row["status"] == 200:
                assert answer.read() == (sample_site.out / row["file"]).read_bytes(), path


def test_nginx_has_nothing_else(nginx):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(nginx + "/whoami", timeout=10)
    caught.value.close()
    assert caught.value.code == 404


def test_the_readmes_way_to_build_it(checkout, tmp_path, project_at):
    """``-C sample_site build --out ../out`` makes ``out/`` in the checkout."""
    for name in ("sample_site",):
        shutil.copytree(
            checkout / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("out", ".staticroutes", "__pycache__"),
        )
    assert "-C sample_site build --out ../out" in (checkout / "README.md").read_text(encoding="utf-8")
    done = project_at(tmp_path / "sample_site").run(
        "-C", "sample_site", "build", "--out", "../out", cwd=tmp_path
    )
    assert done.code == 0, done
    assert (tmp_path / "out/index.html").is_file()
    assert not (tmp_path / "sample_site/out").exists()
    assert "27" not in done.stderr and done.stderr == ""


def test_it_builds_anew_without_a_change(sample_site):
    assert "out: nothing changed" in sample_site.built().stdout


def test_it_is_small_enough_to_read(checkout):
    routes = list(Path(checkout, "sample_site/app").rglob("route.py"))
    assert len(routes) == 36
    assert all(len(route.read_text().splitlines()) <= 80 for route in routes)
    assert os.path.isfile(checkout / "sample_site/README.md")
