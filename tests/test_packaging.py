"""What is in the wheel and in the source distribution, and that the installed program runs."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import staticroutes

CHECKOUT = Path(__file__).resolve().parents[1]


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False, timeout=110
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    done = pip("wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(CHECKOUT))
    if done.returncode and re.search(
        r"hatchling.*from versions: none|Temporary failure in name|ConnectTimeout|NewConnection", done.stderr
    ):
        pytest.skip("hatchling cannot be fetched: there is no network")
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("*.whl")
    return file


def test_the_wheel_has_everything_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "staticroutes/py.typed" in names
    assert "staticroutes/templates/pages/redirect.html.jinja" in names
    modules = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "staticroutes").rglob("*.py")}
    assert modules <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"staticroutes"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_wheel_says_what_it_is(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    text = archive.read(metadata).decode()
    assert "\nName: staticroutes\n" in text
    assert f"\nVersion: {staticroutes.__version__}\n" in text
    assert "\nRequires-Python: >=3.11\n" in text
    assert "# staticroutes" in text, "the README"
    assert [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert b"staticroutes = staticroutes.cli:main" in archive.read(entry)


def test_the_wheel_works_alone(wheel, tmp_path, project):
    """From the archive's files, with nothing of the checkout on the path: a redirect needs a template."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "lib")
    site = project({"app/a/route.py": "from staticroutes import redirect\ndef GET(): redirect('/b')"})
    done = site.built(env={"PYTHONPATH": str(tmp_path / "lib")})
    assert site.files()["a.html"].startswith(b"<!doctype html>"), done


def test_the_source_distribution_builds_the_same_wheel(wheel, tmp_path):
    build = "import os, sys; os.chdir(sys.argv[1]); from hatchling.build import build_sdist; print(build_sdist(sys.argv[2]))"
    try:
        import hatchling  # noqa: F401

        python = [sys.executable]
    except ImportError:
        environment = tmp_path / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=100)
        python = [str(environment / "bin" / "python")]
        done = subprocess.run(
            [*python, "-m", "pip", "install", "--quiet", "hatchling>=1.27"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("hatchling cannot be fetched: there is no network")
    subprocess.run(
        [*python, "-c", build, str(CHECKOUT), str(tmp_path)], check=True, capture_output=True, timeout=100
    )
    (file,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path / "source", filter="data")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "docs/manifest.schema.json", "sample_site/README.md",
                 "tests/conftest.py", "templates/pages/redirect.html.jinja"):  # fmt: skip
        assert name in names, name
    (root,) = (tmp_path / "source").iterdir()
    done = pip("wheel", "--no-deps", "--quiet", "--wheel-dir", str(tmp_path / "again"), str(root))
    assert done.returncode == 0, done.stderr
    (again,) = (tmp_path / "again").glob("*.whl")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, bytes]:
    archive = zipfile.ZipFile(wheel)
    return {name: archive.read(name) for name in archive.namelist()}


def test_python_m(project):
    done = project().run("--version")
    assert (done.code, done.stdout, done.stderr) == (0, f"staticroutes {staticroutes.__version__}\n", "")


def test_the_program(project):
    program = Path(sysconfig.get_path("scripts"), "staticroutes")
    if not program.exists():
        pytest.skip("the package is not installed here")
    site = project({"app/a.txt/route.py": "def GET(): return 'a'"})
    subprocess.run(
        [str(program), "build", "-q"], cwd=site.folder, env=site.environment(), check=True, timeout=60
    )
    assert site.files() == {"a.txt": b"a"}


def test_the_installed_package_is_tested():
    """Where the wheel is meant to be tested, it is; see .ci/run."""
    if os.environ.get("STATICROUTES_TEST_INSTALLED") != "1":
        pytest.skip("the checkout itself is tested")
    assert "site-packages" in Path(staticroutes.__file__).parts
    assert Path(staticroutes.__file__).with_name("templates").is_dir()


def test_every_module_can_be_imported_alone():
    """No module relies on another having been imported before."""
    package = Path(staticroutes.__file__).parent
    names = sorted(
        "staticroutes."
        + path.relative_to(package).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for path in package.rglob("*.py")
        if path.name != "__main__.py" and path != package / "__init__.py"
    )
    script = (
        "import importlib, sys\n"
        "before = set(sys.modules)\n"
        f"for name in {names!r}:\n"
        "    for each in set(sys.modules) - before:\n"
        "        if each.startswith('staticroutes'): del sys.modules[each]\n"
        "    importlib.import_module(name)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
