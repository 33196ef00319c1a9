"""The output directory over several builds: unchanged files, removed routes, foreign files, kills, faults."""

# ruff: noqa: E501  (route files and tables stand in one line)
from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

SITE = {
    "app/index.txt/route.py": "def GET(): return 'one'",
    "app/items/[n].json/route.py": """
        from staticroutes import Request, RouteContext

        def generate_static_params():
            return [{"n": n} for n in range(30)]

        async def GET(request: Request, context: RouteContext):
            return {"n": context.params["n"]}
        """,
    "app/page/route.py": "from staticroutes import Response\ndef GET(): return Response.html('<p>')",
    "public/deep/er/file.txt": "public",
}


def times(site) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(site.out).as_posix(): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in site.out.rglob("*")
        if path.is_file()
    }


def test_unchanged_files_keep_their_mtime(project):
    site = project(SITE)
    site.built()
    for path in site.out.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    before = times(site)
    site.built()
    assert times(site) == before
    site.write({"app/index.txt/route.py": "def GET(): return 'two'"})
    site.built()
    after = times(site)
    assert {name for name in after if after[name] != before[name]} == {
        "index.txt",
        "_staticroutes/outputs.jsonl",
    }
    assert site.files()["index.txt"] == b"two"


def test_same_size_and_mtime_are_not_the_same(project):
    site = project(SITE)
    site.built()
    (site.out / "index.txt").write_bytes(b"eno")
    os.utime(site.out / "index.txt", ns=(10**18, 10**18))
    site.built()
    assert site.files()["index.txt"] == b"one"


def test_files_of_removed_routes_disappear(project):
    site = project({**SITE, "app/gone/deep/x.txt/route.py": "def GET(): return ''"})
    site.built()
    assert "gone/deep/x.txt" in site.files()
    shutil.rmtree(site.folder / "app/gone")
    shutil.rmtree(site.folder / "public")
    site.write(
        {"app/items/[n].json/route.py": SITE["app/items/[n].json/route.py"].replace("range(30)", "range(2)")}
    )
    done = site.built()
    assert sorted(site.files()) == ["index.txt", "items/0.json", "items/1.json", "page.html"]
    assert not (site.out / "gone").exists() and not (site.out / "deep").exists()
    assert "30 removed" in done.stdout


def test_a_file_becomes_a_folder_and_back(project):
    site = project({"app/a/route.py": "def GET(): return 'file'"})
    site.built()
    site.write({"app/a/b/route.py": "def GET(): return 'below'"})
    site.built()
    assert sorted(site.files()) == ["a/b", "a/index.txt"]
    shutil.rmtree(site.folder / "app/a/b")
    site.built()
    assert site.files() == {"a": b"file"}


def test_foreign_files_stay(project):
    site = project(SITE)
    site.built()
    (site.out / "CNAME").write_text("example.com")
    (site.out / ".git").mkdir()
    (site.out / ".git/HEAD").write_text("ref")
    (site.out / "items/mine.txt").write_text("mine")
    done = site.built()
    files = site.files()
    assert (files["CNAME"], files[".git/HEAD"], files["items/mine.txt"]) == (b"example.com", b"ref", b"mine")
    site.write({"app/index.txt/route.py": "def GET(): return 'two'"})
    done = site.built()
    assert site.files()["CNAME"] == b"example.com"
    assert "kept .git/, CNAME, items/mine.txt" in done.stdout
    assert "CNAME" not in site.outputs()


def test_a_foreign_file_in_the_way_is_named(project):
    site = project(SITE)
    site.built()
    (site.out / "new.txt").write_text("precious")
    site.write({"app/new.txt/route.py": "def GET(): return 'ours'"})
    done = site.refused(code=2)
    assert "new.txt" in done.stderr and "--force" in done.stderr
    assert site.files()["new.txt"] == b"precious"
    site.built("--force")
    assert site.files()["new.txt"] == b"ours"


def test_force_builds_into_a_strangers_directory(project):
    site = project({**SITE, "out/mine.txt": "precious", "out/index.txt": "in the way"})
    done = site.refused(code=2)
    assert "out" in done.stderr and "--force" in done.stderr
    site.built("--force")
    assert site.files()["mine.txt"] == b"precious"
    assert site.files()["index.txt"] == b"one"
    site.built()


def test_dry_run_writes_nothing(project):
    site = project(SITE)
    done = site.built("--dry-run")
    assert "dry run: nothing was written" in done.stdout
    assert "33 outputs" in done.stdout
    assert not site.out.exists() and site.litter() == []
    site.built()
    before = times(site)
    site.write({"app/index.txt/route.py": "def GET(): return 'two'"})
    site.built("--dry-run")
    assert times(site) == before


def test_dry_run_finds_failures(project):
    site = project({**SITE, "app/bad/route.py": "def GET(): 1/0"})
    done = site.refused("--dry-run")
    assert "ZeroDivisionError" in done.stderr


def test_an_output_behind_a_link(project, tmp_path):
    site = project(SITE)
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", site.out)
    site.built()
    assert site.out.is_symlink()
    assert (tmp_path / "real/index.txt").read_bytes() == b"one"


def test_an_output_elsewhere(project, tmp_path):
    site = project(SITE)
    site.built("--out", "../some/where/else")
    assert (tmp_path / "some/where/else/index.txt").read_bytes() == b"one"
    assert not site.out.exists()


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        pytest.param(lambda out: (out / "_staticroutes/manifest.json").write_text("{"), 2, id="manifest-cut"),
        pytest.param(lambda out: (out / "_staticroutes/manifest.json").unlink(), 2, id="manifest-gone"),
        pytest.param(
            lambda out: (out / "_staticroutes/outputs.jsonl").write_text("x\n"), 2, id="outputs-damaged"
        ),
        pytest.param(lambda out: (out / "index.txt").unlink(), 0, id="a-file-gone"),
        pytest.param(lambda out: (out / "index.txt").write_text("edited"), 0, id="a-file-edited"),
        pytest.param(lambda out: shutil.rmtree(out / "items"), 0, id="a-folder-gone"),
        pytest.param(lambda out: shutil.rmtree(out), 0, id="all-gone"),
    ],
)
def test_damage_is_repaired_or_refused(project, damage, code):
    site = project(SITE)
    site.built()
    before = site.everything()
    damage(site.out)
    site.write({"app/index.txt/route.py": "def GET(): return 'two'"})
    done = site.build()
    assert done.code == code, done
    assert "Traceback" not in done.stderr
    if code == 0:
        assert site.files() == {
            **{name: body for name, body in before.items() if not name.startswith("_")},
            "index.txt": b"two",
        }
    else:
        assert "--force" in done.stderr


def test_killed_at_any_moment(project, left_over):
    """Old or new, never a mixture; no litter after the next build; no process stays."""
    site = project(SITE)
    version = "BODY = {!r}\n\ndef generate_static_params(): return [{{'n': n}} for n in range({})]\n\ndef GET(): return BODY"
    names = ["app/v/[n].txt/route.py", "app/w/[n].txt/route.py"]
    versions = {}
    for text, count in (("a", 300), ("b", 320)):
        site.write({name: version.format(text, count) for name in names})
        site.built()
        versions[text] = site.everything()
    seconds = min(site.built().seconds for _ in range(3))
    moments = random.Random(11)
    killed = {"a": 0, "b": 0}
    current = "b"
    for number in range(40):
        wanted = "ab"[number % 2]
        site.write({name: version.format(wanted, 300 if wanted == "a" else 320) for name in names})
        with site.start(
            "build", "--jobs", "2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            # Most of the time goes to the start of Python: aim behind it.
            time.sleep(moments.uniform(0.4, 2.2) * seconds)
            process.kill()
            process.wait()
        found = site.everything()
        assert found in (versions["a"], versions["b"]), f"a mixture after kill {number}"
        assert found in (versions[current], versions[wanted])
        current = "a" if found == versions["a"] else "b"
        killed[current] += 1
        if number % 8 == 7:
            assert left_over(process.pid) == []
    assert min(killed.values()) > 0, killed
    site.built()
    assert site.litter() == []


def test_killed_while_publishing(project):
    """The moment of the exchange, found by watching for it."""
    site = project(SITE)
    body = "def generate_static_params(): return [{{'n': n}} for n in range(200)]\ndef GET(): return {!r}"
    found = []
    for number in range(12):
        site.write({"app/v/[n].txt/route.py": body.format(f"version {number}")})
        if number == 0:
            site.built()
            continue
        before = site.out.stat().st_ino
        with site.start("build", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                try:
                    if site.out.stat().st_ino != before:
                        break
                except FileNotFoundError:
                    break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        bodies = {body for name, body in site.files().items() if name.startswith("v/")}
        assert len(bodies) == 1, "a mixture"
        assert site.manifest()["totals"]["outputs"] == len(site.outputs()) == 233
        found.append(bodies.pop())
    assert len(set(found)) > 1
    site.built()
    assert site.litter() == []


def test_two_builds_at_once(project):
    site = project(
        {**SITE, "app/slow/route.py": "import time\ndef GET():\n    time.sleep(0.5)\n    return ''"}
    )
    site.built()
    site.write({"app/index.txt/route.py": "def GET(): return 'two'"})
    processes = [site.start("build", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(5)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]
    codes = [code for _, code in ended]
    assert 0 in codes and set(codes) <= {0, 2}, ended
    for (_, error), code in ended:
        if code:
            assert b"another build is writing this directory" in error
            assert b"process" in error, "who"
    assert site.files()["index.txt"] == b"two"
    assert len(site.files()) == 34
    assert site.litter() == []


def test_a_killed_build_does_not_lock_the_next_out(project):
    site = project(
        {
            **SITE,
            "app/slow/route.py": "import time\ndef GET():\n    open('begun', 'w').close()\n    time.sleep(30)",
        }
    )
    with site.start("build", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (site.folder / "begun").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    shutil.rmtree(site.folder / "app/slow")
    limit = time.monotonic() + 2
    while (done := site.build()).code and time.monotonic() < limit:
        assert "another build" in done.stderr
    assert done.code == 0, done
    assert site.litter() == []


def test_readers_see_whole_sites_only(project):
    """Through a directory handle: a reader that has opened the folder goes on in one site."""
    site = project(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(50)]\ndef GET(): return 'v0'"
        }
    )
    site.built()
    wrong: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            folder = os.open(site.out, os.O_RDONLY)
            try:
                bodies = set()
                for number in range(50):
                    try:
                        descriptor = os.open(f"{number}.txt", os.O_RDONLY, dir_fd=folder)
                    except FileNotFoundError:
                        # The old site is being removed: the reader opens the new one.
                        break
                    bodies.add(os.read(descriptor, 10))
                    os.close(descriptor)
                if len(bodies) > 1:
                    wrong.append(f"a mixture: {bodies}")
            finally:
                os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 6):
            site.write(
                {
                    "app/[n].txt/route.py": f"def generate_static_params(): return [{{'n': n}} for n in range(50)]\ndef GET(): return 'v{number}'"
                }
            )
            site.built()
    finally:
        stop.set()
        reader.join()
    assert wrong == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one MiB; needs root and the right to mount."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_full_disk_is_reported_and_the_old_site_stays(project, small_disk, jobs):
    site = project(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(10)]\ndef GET(): return 'x' * 20_000"
        }
    )
    out = small_disk / "out"
    site.built("--out", str(out))
    before = site.everything(out)
    site.write(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(100)]\ndef GET(): return 'y' * 20_000"
        }
    )
    done = site.refused("--out", str(out), "--jobs", jobs, code=2)
    assert "no space left on device" in done.stderr
    assert site.everything(out) == before
    site.write(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(5)]\ndef GET(): return 'z' * 20_000"
        }
    )
    site.built("--out", str(out))
    assert sorted(os.listdir(small_disk)) == ["out"], "no litter"


def test_a_limit_on_file_size_is_reported(project):
    import resource

    site = project({"app/a.txt/route.py": "def GET(): return 'x' * 200_000"})
    done = site.refused(
        code=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    )
    assert "file too large" in done.stderr.lower()
    assert not site.out.exists() and site.litter() == []


def test_too_little_memory_is_reported(project):
    import resource

    site = project(
        {
            "app/a.txt/route.py": "def GET():\n    bytearray(2**32)\n    return 'x'",
            "app/b.txt/route.py": "def GET(): 1/0",
        }
    )
    limit = 2 * 2**30
    done = site.refused(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert "/a.txt: MemoryError" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_million_lines_are_not_needed_to_list_outputs_in_order(project):
    """Params in any order give sorted outputs."""
    site = project(
        {
            "app/[n].txt/route.py": "def generate_static_params(): return [{'n': n} for n in range(500, 0, -1)]\ndef GET(): return ''"
        }
    )
    site.built("--jobs", "2")
    paths = list(site.outputs())
    assert paths == sorted(paths) and len(paths) == 500


def test_nothing_is_written_outside_the_output(project):
    site = project(SITE)
    site.write({"staticroutes.yaml": "base_url: https://example.com"})
    before = {str(path.relative_to(site.folder)) for path in site.folder.rglob("*")}
    site.built()
    after = {str(path.relative_to(site.folder)) for path in site.folder.rglob("*")}
    new = {name for name in after - before if not name.startswith("out") and "__pycache__" not in name}
    assert new == set()


def test_sources_that_are_read_only(project):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    site = project(SITE)
    for path in [site.folder / "app", *(site.folder / "app").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    site.built()


def test_no_connection_is_made(project, program):
    site = project(SITE)
    trace = site.folder / "trace"
    done = subprocess.run(
        [
            program("strace"),
            "-f",
            "-qq",
            "-e",
            "trace=connect,socket",
            "-o",
            str(trace),
            *site.command("build"),
        ],
        cwd=site.folder,
        env=site.environment(),
        capture_output=True,
        timeout=100,
        check=False,
    )
    if b"ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done
    lines = [line for line in trace.read_text().splitlines() if "connect(" in line or "AF_INET" in line]
    assert lines == []


def test_the_report_of_a_build_that_published(project):
    site = project(SITE)
    told = site.built("--json").json()
    assert told["published"] == {
        "changed": True,
        "new": 35,
        "rewritten": 0,
        "unchanged": 0,
        "removed": 0,
        "carried": [],
    }
    assert site.built("--json").json()["published"]["changed"] is False
    assert json.dumps(told)
