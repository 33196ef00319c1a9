"""From folders to route files: trees of empty route files in ``tests/trees``, and odd things on disk."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from staticroutes.routing.discovery import Discovery, discover
from staticroutes.routing.table import RouteTable

TREES = Path(__file__).parents[1] / "trees"


def plant(root: Path, *folders: str) -> Path:
    """A project with an empty route file in each folder below ``app``."""
    for folder in folders:
        (root / "app" / folder).mkdir(parents=True, exist_ok=True)
        (root / "app" / folder / "route.py").touch()
    (root / "app").mkdir(exist_ok=True)
    return root


def found_in(root: Path) -> Discovery:
    return discover(str(root / "app"), str(root))


def patterns_in(root: Path) -> list[str]:
    found = found_in(root)
    assert found.errors == []
    return sorted(file.pattern.text for file in found.files)


def messages(found: Discovery) -> list[str]:
    return [f"{error.where}: {error.message}" if error.where else error.message for error in found.errors]


@pytest.mark.parametrize("tree", sorted(path.name for path in TREES.iterdir()))
def test_a_tree_answers_its_urls(tree: str) -> None:
    """``urls.txt``: a URL path, the folder that answers, the params."""
    root = TREES / tree
    app = root / ("app" if (root / "app").is_dir() else "src/app")
    found = discover(str(app), str(root))
    assert (found.errors, found.warnings) == ([], [])
    table = RouteTable(found.files)
    lines = (root / "urls.txt").read_text(encoding="utf-8").splitlines()
    answering = set()
    for line in lines:
        # Names may hold single spaces, columns are two apart.
        path, answer, *rest = [part for part in line.split("  ") if part.strip()]
        match = table.match([part for part in path.strip().split("/") if part])
        if answer.strip() == "nothing":
            assert match is None, line
            continue
        assert match is not None, line
        file, params = match
        answering.add(file.source)
        assert file.source == f"{answer.strip()}/route.py"
        shown = " ".join(f"{k}={v if isinstance(v, str) else ','.join(v)}" for k, v in params.items())
        assert shown == "".join(rest).strip(), line
    assert {file.source for file in found.files} == answering, "a route file that no URL of the list reaches"


def test_the_order_of_files_is_that_of_names_not_of_the_disk(tmp_path: Path) -> None:
    root = plant(tmp_path, "c", "a", "b/z", "b/a", "b")
    assert [file.source for file in found_in(root).files] == [
        f"app/{name}/route.py" for name in ("a", "b", "b/a", "b/z", "c")
    ]


def test_a_folder_is_served_under_its_nfc_name(tmp_path: Path) -> None:
    root = plant(tmp_path, unicodedata.normalize("NFD", "café"), unicodedata.normalize("NFD", "é[id]"))
    assert patterns_in(root) == ["/caf\u00e9", "/\u00e9[id]"]


@pytest.mark.parametrize("name", ["café", "é[id]"])
def test_two_folders_that_differ_in_normalisation_conflict(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    if len(os.listdir(root / "app")) == 1:
        pytest.skip("this file system makes one folder of both")
    (said,) = messages(found_in(root))
    assert "answers the same URLs as" in said


def test_a_link_to_a_folder_of_the_project_is_routed(tmp_path: Path) -> None:
    root = plant(tmp_path, "v1/items")
    (root / "app" / "latest").symlink_to("v1")
    (root / "shared").mkdir()
    (root / "shared" / "route.py").touch()
    (root / "app" / "health").symlink_to(root / "shared")
    assert patterns_in(root) == ["/health", "/latest/items", "/v1/items"]


def test_a_link_to_a_folder_around_it_ends(tmp_path: Path) -> None:
    root = plant(tmp_path, "a/b")
    (root / "app" / "a" / "b" / "up").symlink_to("..")
    (root / "app" / "a" / "top").symlink_to(root / "app")
    (root / "app" / "self").symlink_to("self")
    found = found_in(root)
    assert [file.pattern.text for file in found.files] == ["/a/b"]
    assert sorted(found.warnings) == [
        "app/a/b/up is a link to a folder around it and is not routed",
        "app/a/top is a link to a folder around it and is not routed",
    ]


def test_links_to_each_other_end(tmp_path: Path) -> None:
    root = plant(tmp_path, "a", "b")
    (root / "app" / "a" / "b").symlink_to("../b")
    (root / "app" / "b" / "a").symlink_to("../a")
    found = found_in(root)
    assert sorted(file.pattern.text for file in found.files) == ["/a", "/a/b", "/b", "/b/a"]
    assert len(found.warnings) == 2


def test_a_link_out_of_the_project_is_said_and_not_routed(tmp_path: Path) -> None:
    root = plant(tmp_path / "site", "a")
    plant(tmp_path / "site-too", "x")
    (root / "app" / "out").symlink_to(tmp_path / "site-too" / "app")
    found = found_in(root)
    assert [file.pattern.text for file in found.files] == ["/a"]
    assert found.warnings == ["app/out is a link out of the project and is not routed"]


def test_a_project_reached_through_a_link_has_the_same_names(tmp_path: Path) -> None:
    root = plant(tmp_path / "real", "a/b")
    (root / "app" / "a" / "up").symlink_to("..")
    (tmp_path / "link").symlink_to("real")
    linked, real = found_in(tmp_path / "link"), found_in(root)
    assert (
        [file.source for file in linked.files] == [file.source for file in real.files] == ["app/a/b/route.py"]
    )
    assert linked.warnings == real.warnings != []


def test_an_app_folder_that_is_a_link_is_routed(tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", "a")
    (tmp_path / "elsewhere" / "app" / "again").symlink_to("a")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "app").symlink_to(tmp_path / "elsewhere" / "app")
    assert patterns_in(tmp_path / "site") == ["/a", "/again"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_refused_and_never_opened(tmp_path: Path) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "b").mkdir()
    os.mkfifo(root / "app" / "b" / "route.py")
    assert messages(found_in(root)) == ["app/b/route.py: is no regular file"]


def test_a_dangling_link_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path)
    (root / "app" / "route.py").symlink_to("nowhere.py")
    (root / "app" / "b").mkdir()
    (root / "app" / "b" / "route.py").symlink_to("route.py")
    assert [message.partition(" cannot be read: ")[0] for message in messages(found_in(root))] == [
        "app/route.py:",
        "app/b/route.py:",
    ]


def test_a_route_file_may_be_a_link(tmp_path: Path) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "b").mkdir()
    (root / "app" / "b" / "route.py").symlink_to("../a/route.py")
    assert patterns_in(root) == ["/a", "/b"]


def test_a_folder_named_route_py_is_a_folder(tmp_path: Path) -> None:
    assert patterns_in(plant(tmp_path, "route.py")) == ["/route.py"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path, "a")
    try:
        os.makedirs(os.fsencode(str(root)) + b"/app/x\xff")
    except OSError:
        pytest.skip("this file system knows no such names")
    for name in (b"x\xff", b"(\xff)", b"[\xff]"):
        os.makedirs(os.fsencode(str(root)) + b"/app/" + name, exist_ok=True)
        open(os.fsencode(str(root)) + b"/app/" + name + b"/route.py", "w").close()
    said = messages(found_in(root))
    assert len(said) == 3
    assert all("the folder's name is not UTF-8" in message for message in said)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    root = plant(tmp_path, "a", "b")
    (root / "app" / "b").chmod(0)
    try:
        said = messages(found_in(root))
    finally:
        (root / "app" / "b").chmod(0o755)
    assert said == ["app/b: cannot be read: Permission denied"]


def test_one_folder_that_is_denied_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path, "a", "b")
    plain = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return plain(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = found_in(root)
    assert messages(found) == ["app/b: cannot be read: Permission denied"]
    assert [file.source for file in found.files] == ["app/a/route.py"]


def test_bytecode_folders_are_not_routed(tmp_path: Path) -> None:
    assert patterns_in(plant(tmp_path, "a", "a/__pycache__", "__pycache__/x")) == ["/a"]


def test_malformed_names_without_a_route_are_nobodys_business(tmp_path: Path) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "[draft").mkdir()
    assert patterns_in(root) == ["/a"]


@pytest.mark.parametrize("name", ["routes.py", "Route.py", "rout.py", "router.py"])
def test_a_file_that_is_nearly_a_route_file_is_said(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "b").mkdir()
    (root / "app" / "b" / name).touch()
    assert found_in(root).warnings == [f"app/b/{name} is no route file; did you mean route.py?"]


@pytest.mark.parametrize(
    "name",
    [
        "page.html",
        "page.md",
        "page.py",
        "not-found.html",
        "sitemap.xml",
        "robots.py",
        "icon1.png",
        "icon.alt.txt",
    ],
)
def test_what_this_version_does_not_build_is_refused(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "b").mkdir()
    (root / "app" / "b" / name).touch()
    assert messages(found_in(root)) == [
        f"app/b/{name}: pages and metadata files are not built by this version"
    ]


@pytest.mark.parametrize(
    "name", ["icons.py", "sitemaps.xml", "robots.md", "helpers.py", "layout.html", "icon.psd", "page.txt"]
)
def test_other_files_lie_beside_a_route_unnoticed(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path, "a")
    (root / "app" / "a" / name).touch()
    assert patterns_in(root) == ["/a"]
    assert found_in(root).warnings == []
