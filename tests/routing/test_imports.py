"""The import system around a project: its own modules, nobody else's, and nothing left behind."""

# ruff: noqa: E501  (route files of one line)

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from staticroutes import Site
from staticroutes.routing.imports import ProjectImports


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return root


def rendered(root: Path) -> dict[str, str]:
    return {path: response.text for path, response in Site.load(root).render_all().items()}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Every test in this file leaves the import system as it was, but for the standard library's modules."""
    before = dict(sys.modules), list(sys.path), list(sys.path_hooks)
    yield
    after = {
        name: module
        for name, module in sys.modules.items()
        if before[0].get(name) is not module and name.partition(".")[0] not in sys.stdlib_module_names
    }
    ours = {name for name, module in after.items() if "pytest-of" in str(getattr(module, "__file__", name))}
    assert not ours
    assert not [name for name in sys.modules if name.startswith("_staticroutes_")]
    assert all(sys.modules[name] is module for name, module in before[0].items())
    assert (sys.path, sys.path_hooks) == before[1:]
    assert not [path for path, finder in sys.path_importer_cache.items() if "pytest-of" in path and finder]


def test_folders_with_like_names_have_modules_of_their_own(tmp_path: Path) -> None:
    names = ["a-b", "a_b", "a.b", "a b", "a%2Eb", "a%2E;b", "[a]b", "(a)b", "a 11", "a\u2011", "ab", "AB"]
    files = {}
    for number, name in enumerate(names):
        extra = "def generate_static_params(): return [{'a': 1}]\n" if "[" in name else ""
        files[f"app/x{number}/{name}/helpers.py"] = f"word = {name!r}"
        files[f"app/x{number}/{name}/route.py"] = f"from .helpers import word\n{extra}def GET(): return word"
    for number, name in enumerate(names):  # and side by side
        files[f"app/side/{name}/part.py"] = f"word = {name!r}"
        files[f"app/side/{name}/{number}/route.py"] = (
            "from ..part import word\n"
            + ("def generate_static_params(): return [{'a': 1}]\n" if "[" in name else "")
            + "def GET(): return word"
        )
    texts = rendered(write(tmp_path, files))
    assert sorted(texts.values()) == sorted(names * 2)


def test_what_a_route_file_can_import(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib/posts.py": "from .names import first\ndef all_posts(): return [first]",
            "lib/names.py": "first = 'from lib'",
            "lib/deep/er/still.py": "word = 'namespace'",
            "settings.py": "word = 'settings'",
            "app/beside/helpers.py": "from . import more\nword = 'beside ' + more.word",
            "app/beside/more.py": "word = 'more'",
            "app/beside/route.py": "from .helpers import word\ndef GET(): return word",
            "app/above/[slug]/x/route.py": """
                from ...shared import word
                def generate_static_params(): return [{"slug": 1}]
                def GET(): return word
            """,
            "app/above/shared.py": "word = 'above'",
            "app/lib/route.py": "from lib.posts import all_posts\ndef GET(): return all_posts()[0]",
            "app/namespace/route.py": "from lib.deep.er.still import word\ndef GET(): return word",
            "app/settings/route.py": "import settings\ndef GET(): return settings.word",
            "app/package/__init__.py": "word = 'package'",
            "app/package/route.py": "from . import word\ndef GET(): return word",
            "app/__init__.py": "word = 'top'",
            "app/package/below/route.py": "from ... import word\ndef GET(): return word",
            "app/absolute/route.py": "from app.beside.helpers import word\ndef GET(): return word",
        },
    )
    assert rendered(root) == {
        "/beside": "beside more",
        "/above/1/x": "above",
        "/lib": "from lib",
        "/namespace": "namespace",
        "/settings": "settings",
        "/package": "package",
        "/package/below": "top",
        "/absolute": "beside more",
    }


def test_a_folder_named_like_a_standard_module_shadows_nothing(tmp_path: Path) -> None:
    names = ["json", "email", "types", "random", "asyncio", "site", "staticroutes"]
    files = {
        f"app/{name}/route.py": f"import json, {name}\ndef GET(): return json.dumps({name}.__name__)"
        for name in names
    }
    assert rendered(write(tmp_path, files)) == {f"/{name}": f'"{name}"' for name in names}


def test_an_init_file_that_fails_is_reported_for_its_routes(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "app/a/__init__.py": "\nraise ValueError('no')",
            "app/a/route.py": "def GET(): ...",
            "app/a/b/route.py": "def GET(): ...",
            "app/c/route.py": "def GET(): ...",
        },
    )
    result = Site.load(root).build(tmp_path / "out")
    said = "cannot be imported: ValueError: no (imported by app/a/{}route.py)"
    assert [(failed.at, failed.message) for failed in result.failures] == [
        ("app/a/__init__.py:2", said.format("b/")),
        ("app/a/__init__.py:2", said.format("")),
    ]


def test_imports_while_rendering_work(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib/late.py": "word = 'late'",
            "app/a/beside.py": "word = 'beside'",
            "app/a/route.py": """
                def GET():
                    from lib.late import word as one
                    from .beside import word as two
                    import importlib
                    return f"{one} {two} {importlib.import_module('lib.late').word}"
            """,
            "app/[b]/route.py": """
                def generate_static_params():
                    from lib.late import word
                    yield {"b": word}
                async def GET(request, context):
                    from lib import late
                    return late.word
            """,
        },
    )
    assert rendered(root) == {"/a": "late beside late", "/late": "late"}
    result = Site.load(root).build(tmp_path / "out")
    assert result.ok, result.failures


def test_two_sites_have_each_their_own_lib(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(
            tmp_path / name,
            {
                "lib/__init__.py": f"word = {name!r}",
                "lib/late.py": f"word = 'late {name}'",
                "app/a/route.py": "import lib\ndef GET():\n    from lib.late import word\n    return lib.word + word",
            },
        )
    one, two = Site.load(tmp_path / "one"), Site.load(tmp_path / "two")
    for _ in range(2):
        assert one.render("/a").text == "onelate one"
        assert two.render("/a").text == "twolate two"
        assert one.build(tmp_path / "out1").ok
        assert two.build(tmp_path / "out2").ok
    assert (tmp_path / "out1/a").read_text() == "onelate one"
    assert (tmp_path / "out2/a").read_text() == "twolate two"


def test_a_site_that_is_built_inside_another_has_its_own_lib(tmp_path: Path) -> None:
    for name in ("outer", "inner"):
        write(
            tmp_path / name,
            {"lib.py": f"word = {name!r}", "app/a/route.py": "import lib\ndef GET(): return lib.word"},
        )
    imports = ProjectImports(str(tmp_path / "outer"))
    with imports.active():
        import lib  # type: ignore[import-not-found]

        assert rendered(tmp_path / "inner") == {"/a": "inner"}
        assert sys.modules["lib"] is lib
        assert lib.word == "outer"
    assert "lib" not in sys.modules


def test_builds_that_take_turns_come_to_their_end(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(
            tmp_path / name,
            {f"app/{n}/route.py": f"import lib\ndef GET(): return lib.word + '{n}'" for n in range(3)}
            | {"lib.py": f"word = {name!r}"},
        )
    builds = [Site.load(tmp_path / name).iter_build(tmp_path / f"{name}-out") for name in ("one", "two")]
    assert all(list(build) for build in (builds[0], builds[1]))
    for name in ("one", "two"):
        assert [(tmp_path / f"{name}-out" / str(n)).read_text() for n in range(3)] == [
            f"{name}{n}" for n in range(3)
        ]


def test_the_programs_own_modules_of_the_same_name_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A documentation generator that has imported a ``lib`` of its own builds a site that has one too."""
    foreign = types.ModuleType("lib")
    foreign.__file__ = "/elsewhere/lib/__init__.py"
    monkeypatch.setitem(sys.modules, "lib", foreign)
    monkeypatch.setitem(sys.modules, "lib.posts", types.ModuleType("lib.posts"))
    files = {
        "lib/posts.py": "word = 'mine'",
        "app/a/route.py": "from lib.posts import word\ndef GET(): return word",
    }
    assert rendered(write(tmp_path, files)) == {"/a": "mine"}
    assert sys.modules["lib"] is foreign


def test_a_folder_of_data_does_not_put_a_library_aside(tmp_path: Path) -> None:
    """``yaml/`` with files of data beside ``import yaml``."""
    import yaml

    files = {"yaml/a.yaml": "x: 1", "app/a/route.py": "import yaml\ndef GET(): return str(id(yaml))"}
    assert rendered(write(tmp_path, files)) == {"/a": str(id(yaml))}


def test_modules_that_the_program_imported_from_the_project_are_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ``build.py`` of the project's own: its ``lib`` is the routes' ``lib`` and stays imported."""
    write(
        tmp_path,
        {
            "mine_of_site.py": "words = []",
            "app/a/route.py": "import mine_of_site\ndef GET(): return mine_of_site.words[0]",
        },
    )
    monkeypatch.syspath_prepend(tmp_path)
    import mine_of_site  # type: ignore[import-not-found]

    mine_of_site.words.append("shared")
    assert rendered(tmp_path) == {"/a": "shared"}
    assert sys.modules["mine_of_site"] is mine_of_site
    monkeypatch.undo()
    del sys.modules["mine_of_site"]
    sys.path_importer_cache.pop(str(tmp_path), None)


def test_nothing_is_left_after_an_import_that_fails(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "lib.py": "import lib2",
            "lib2.py": "1 / 0",
            "app/a/route.py": "import lib",
            "app/b/route.py": "import json\nexit(3)",
        },
    )
    result = Site.load(root).build(tmp_path / "out")
    assert [failed.at for failed in result.failures] == ["app/b/route.py:2", "lib2.py:1"]


def test_a_changed_file_is_read_again_within_the_same_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytecode knows its source by whole seconds and length: neither tells these apart."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    files = {"lib.py": "word = '{}'", "app/a/helper.py": "word = '{}'"}
    route = "from lib import word as one\nfrom .helper import word as two\nthree = '{}'\ndef GET(): return one + two + three"
    for word in ("abc", "xyz", "123"):
        write(
            tmp_path, {name: text.format(word) for name, text in {**files, "app/a/route.py": route}.items()}
        )
        for name in (*files, "app/a/route.py"):
            now = os.stat(tmp_path / name)
            os.utime(tmp_path / name, (int(now.st_mtime), int(now.st_mtime)))
        assert rendered(tmp_path) == {"/a": word * 3}


def test_a_file_that_is_added_between_two_builds_is_found(tmp_path: Path) -> None:
    """A finder remembers the folder by its time of change, which may be the same."""
    write(
        tmp_path,
        {"lib/a.py": "word = 'a'", "app/a/route.py": "from lib.a import word\ndef GET(): return word"},
    )
    when = os.stat(tmp_path / "lib").st_mtime
    assert rendered(tmp_path) == {"/a": "a"}
    write(
        tmp_path,
        {"lib/b.py": "word = 'b'", "app/a/route.py": "from lib.b import word\ndef GET(): return word"},
    )
    os.utime(tmp_path / "lib", (when, when))
    assert rendered(tmp_path) == {"/a": "b"}


def test_a_finder_of_the_programs_own_does_not_hide_new_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"first_of_site.py": "", "app/a/route.py": "import late_of_site\ndef GET(): return ''"})
    when = os.stat(tmp_path).st_mtime
    monkeypatch.syspath_prepend(tmp_path)
    import first_of_site  # type: ignore[import-not-found]  # noqa: F401

    write(tmp_path, {"late_of_site.py": ""})
    os.utime(tmp_path, (when, when))
    assert rendered(tmp_path) == {"/a": ""}
    monkeypatch.undo()
    del sys.modules["first_of_site"]
    sys.path_importer_cache.pop(str(tmp_path), None)


def test_bytecode_of_older_source_is_kept(tmp_path: Path) -> None:
    root = write(tmp_path, {"lib.py": "", "app/a/route.py": "import lib\ndef GET(): return ''"})
    for name in ("lib.py", "app/a/route.py"):
        os.utime(root / name, (1e9, 1e9))
    code = f"from staticroutes import Site; Site.load({str(root)!r}).render_all()"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, "-c", code], check=True, env=environ, timeout=60)
    assert len([*root.rglob("*.pyc")]) == 2


def test_a_project_around_the_interpreter_claims_none_of_its_modules(tmp_path: Path) -> None:
    """A home folder with ``.pyenv`` in it: what is imported from there is no module of the project's."""
    imports = ProjectImports(os.path.dirname(os.path.dirname(os.__file__)))
    with imports.active():
        sys.modules.pop("this", None)
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            import this
        assert sys.modules["this"] is this
    assert sys.modules["this"] is this


def test_imports_are_active_again_with_the_same_modules(tmp_path: Path) -> None:
    write(tmp_path, {"lib.py": "words = []"})
    imports = ProjectImports(str(tmp_path))
    seen: list[Any] = []
    for _ in range(2):
        with imports.active(), imports.active():
            import lib  # type: ignore[import-not-found]

            seen.append(lib)
        assert "lib" not in sys.modules
    assert seen[0] is seen[1]


def test_without_a_folder_nothing_changes() -> None:
    before = list(sys.path)
    with ProjectImports(None).active():
        assert sys.path == before
