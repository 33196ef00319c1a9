"""One output directory: what is refused, what is kept, what changes on the disk."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from staticroutes.errors import OutputError
from staticroutes.output import atomic, locks, trees
from staticroutes.output import stage as stage_module
from staticroutes.output.directory import OutputDirectory

A = {"index.html": b"<h1>A</h1>", "api/items.json": b"[1]", "api/same.json": b"{}", "feed.xml": b"<rss/>"}
B = {"index.html": b"<h1>B</h1>", "api/items.json": b"[2]", "api/same.json": b"{}", "new/page.html": b"new"}


@pytest.fixture
def directory(out):
    """An opened directory that is discarded in the end."""
    opened = OutputDirectory.open(out)
    yield opened
    opened.discard()


class TestPublishing:
    def test_the_first_build(self, out, build, read, litter):
        published = build(out, A)
        assert (published.changed, published.new, published.removed) == (True, 6, 0)
        assert read(out) == A
        assert litter() == []

    def test_changed_new_and_removed_files(self, out, build, read, litter):
        build(out, A)
        published = build(out, B)
        assert read(out) == B
        # The list of outputs is rewritten too; the manifest says the same as before.
        assert (published.new, published.rewritten, published.unchanged, published.removed) == (1, 3, 2, 1)
        assert published.changed and published.carried == ()
        assert litter() == []

    def test_unchanged_files_keep_their_mtime(self, out, build):
        build(out, A)
        for name in A:
            os.utime(out / name, ns=(10**18, 10**18 + 7))
        build(out, B)
        assert (out / "api/same.json").stat().st_mtime_ns == 10**18 + 7
        assert (out / "index.html").stat().st_mtime_ns > 10**18 + 7

    def test_an_equal_build_touches_nothing(self, out, build, litter):
        build(out, A)
        before = {path: path.stat() for path in [out, *out.rglob("*")]}
        published = build(out, A)
        assert published == type(published)(False, 0, 0, 6, 0, ())
        after = {path: path.stat() for path in [out, *out.rglob("*")]}
        seen = {path: (info.st_ino, info.st_mtime_ns, info.st_nlink) for path, info in before.items()}
        assert {path: (info.st_ino, info.st_mtime_ns, info.st_nlink) for path, info in after.items()} == seen
        assert litter() == []

    def test_a_site_that_only_lost_a_file_is_published(self, out, build, read):
        build(out, A)
        fewer = {name: body for name, body in A.items() if name != "feed.xml"}
        assert build(out, fewer).removed == 1
        assert read(out) == fewer

    def test_a_file_beside_the_manifest_that_is_no_longer_written(self, out, build):
        build(out, A)
        (out / "_staticroutes/extra").write_text("ours, by its place")
        published = build(out, A)
        assert (published.changed, published.removed) == (True, 1)
        assert not (out / "_staticroutes/extra").exists()

    def test_file_and_folder_change_places(self, out, build, read):
        build(out, {"a": b"1", "b/c": b"2", "b/d/e": b"3"})
        build(out, {"a/x": b"1", "b": b"2"})
        assert read(out) == {"a/x": b"1", "b": b"2"}
        assert sorted(os.listdir(out)) == ["_staticroutes", "a", "b"]

    def test_a_file_edited_by_hand_is_repaired(self, out, build, read):
        build(out, A)
        (out / "index.html").write_bytes(b"<h1>X</h1>")
        assert build(out, A).rewritten == 1
        assert read(out) == A

    def test_files_swapped_for_links_pipes_and_folders_are_repaired(self, out, tmp_path, build, read):
        site = {**A, "empty": b""}
        build(out, site)
        outside = tmp_path / "outside.json"
        outside.write_bytes(A["api/items.json"])
        (out / "api/items.json").unlink()
        (out / "api/items.json").symlink_to(outside)
        (out / "index.html").unlink()
        os.mkfifo(out / "index.html")
        (out / "feed.xml").unlink()
        (out / "feed.xml").mkdir()
        (out / "empty").unlink()
        os.mkfifo(out / "empty")
        build(out, site)
        assert read(out) == site
        assert outside.read_bytes() == A["api/items.json"]

    def test_a_folder_of_the_old_site_is_not_read_through_a_symlink(self, out, tmp_path, build):
        build(out, A)
        (out / "api").rename(tmp_path / "elsewhere")
        (out / "api").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(OutputError, match="api"):
            build(out, A)
        build(out, A, force=True)
        assert not (out / "api").is_symlink()
        inode = (tmp_path / "elsewhere/items.json").stat().st_ino
        assert (out / "api/items.json").stat().st_ino != inode

    def test_the_mode_of_the_old_directory_stays(self, out, build):
        build(out, A)
        assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(out.parent.stat().st_mode) & ~_umask()
        out.chmod(0o2751)
        build(out, B)
        assert stat.S_IMODE(out.stat().st_mode) == 0o2751

    def test_a_directory_shared_by_a_group_stays_shared(self, out, build):
        build(out, A)
        group = 12345 if os.geteuid() == 0 else os.getegid()
        os.chown(out, -1, group)
        out.chmod(0o2775)
        build(out, B)
        for folder in (out, out / "new"):
            assert folder.stat().st_gid == group and folder.stat().st_mode & stat.S_ISGID

    def test_nobody_else_can_look_into_a_stage(self, directory):
        assert stat.S_IMODE(os.stat(directory.stage).st_mode) == 0o700

    def test_a_symlink_to_a_directory_stays_and_its_directory_is_exchanged(self, tmp_path, out, build, read):
        link = tmp_path / "link"
        out.mkdir()
        link.symlink_to(out)
        build(link, A)
        build(link, B)
        assert link.is_symlink() and read(out) == B

    def test_a_file_system_without_exchange(self, out, build, read, litter, monkeypatch):
        monkeypatch.setattr(atomic, "exchange", lambda left, right: False)
        build(out, A)
        (out / "CNAME").write_text("example.org")
        build(out, B)
        assert read(out) == {**B, "CNAME": b"example.org"}
        assert litter() == []

    @pytest.mark.parametrize(("after", "site"), [(1, A), (2, B), (3, B)])
    def test_ctrl_c_between_the_renames(self, out, build, read, litter, monkeypatch, after, site):
        build(out, A)
        rename, calls = os.rename, 0

        def interrupted(source, target):
            nonlocal calls
            rename(source, target)
            calls += 1
            if calls == after:
                raise KeyboardInterrupt

        monkeypatch.setattr(atomic, "exchange", lambda left, right: False)
        monkeypatch.setattr(os, "rename", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(out, B)
        assert read(out) == site
        assert litter() == []

    def test_a_file_system_without_links(self, out, build, read, monkeypatch):
        def refuse(*args, **keywords):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        build(out, A)
        os.mkfifo(out / "pipe")
        (out / "CNAME").write_text("example.org")
        (out / "dangling").symlink_to("nowhere")
        os.utime(out / "api/same.json", ns=(10**18, 10**18 + 7))
        assert not build(out, A).changed
        build(out, B)
        foreign = {"CNAME": b"example.org", "dangling": "-> nowhere", "pipe": "special"}
        assert read(out) == {**B, **foreign}
        assert (out / "api/same.json").stat().st_mtime_ns == 10**18 + 7

    def test_parents_are_made_and_removed_again_by_a_failed_build(self, tmp_path, build, read):
        deep = tmp_path / "a/b/out"
        OutputDirectory.open(deep).discard()
        assert os.listdir(tmp_path) == []
        build(deep, A)
        assert read(deep) == A

    def test_a_folder_made_for_nothing_is_not_published(self, out, build, stage):
        build(out, A)
        opened = OutputDirectory.open(out)
        os.makedirs(f"{opened.stage}/empty/inner")
        stage(opened, A)
        assert not opened.publish().changed
        opened = OutputDirectory.open(out)
        os.makedirs(f"{opened.stage}/empty/inner")
        os.makedirs(f"{opened.stage}/api")
        stage(opened, {"index.html": b"B"})
        opened.publish()
        assert sorted(os.listdir(out)) == ["_staticroutes", "index.html"]

    def test_discard_leaves_all_as_it_was(self, out, build, read, litter):
        build(out, A)
        opened = OutputDirectory.open(out)
        opened.write("index.html", b"never")
        opened.discard()
        opened.discard()
        assert read(out) == A
        assert litter() == []


class TestForeignFiles:
    @pytest.fixture
    def site(self, out, build):
        """A site of ours with somebody else's files in it."""
        build(out, A)
        (out / "CNAME").write_text("example.org")
        (out / "api/notes.txt").write_text("mine")
        (out / "dangling").symlink_to("nowhere")
        (out / "loop").symlink_to("loop")
        os.mkfifo(out / "pipe")
        git = out / ".git"
        (git / "refs/tags").mkdir(parents=True)
        (git / "objects/ab").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main")
        (git / "objects/ab/cd").write_text("blob")
        (git / "objects/ab/cd").chmod(0o444)
        (git / "objects/ab").chmod(0o555)
        return out

    def test_they_are_carried_over(self, site, build, read, litter):
        before = read(site)
        inode = (site / "CNAME").stat().st_ino
        published = build(site, B)
        assert published.carried == (".git/", "CNAME", "api/notes.txt", "dangling", "loop", "pipe")
        foreign = {name: body for name, body in before.items() if name not in A}
        assert len(foreign) == 7
        assert read(site) == {**B, **foreign}
        assert (site / "CNAME").stat().st_ino == inode
        assert (site / ".git/refs/tags").is_dir()
        assert stat.S_IMODE((site / ".git/objects/ab").stat().st_mode) == 0o555
        assert litter() == []

    def test_one_left_alone_in_a_folder_of_ours_is_named_by_itself(self, site, build):
        assert "api/notes.txt" in build(site, {"index.html": b"B"}).carried

    def test_they_are_no_change(self, site, build):
        published = build(site, A)
        assert not published.changed
        assert published.carried == (".git/", "CNAME", "api/notes.txt", "dangling", "loop", "pipe")

    def test_one_where_the_site_has_an_output_is_refused_and_named(self, site, build, read, litter):
        before = read(site)
        with pytest.raises(OutputError, match=r"outputs: CNAME\n  hint: .*--force") as caught:
            build(site, {**B, "CNAME": b"ours"})
        assert caught.value.where == str(site)
        assert read(site) == before
        assert litter() == []
        build(site, {**B, "CNAME": b"ours"}, force=True)
        assert (site / "CNAME").read_bytes() == b"ours"
        assert (site / ".git/HEAD").exists()

    @pytest.mark.parametrize(
        ("output", "named"),
        [
            pytest.param("CNAME/x.html", "CNAME", id="folder-for-file"),
            pytest.param(".git", ".git/HEAD", id="file-for-folder"),
            pytest.param("dangling/x.html", "dangling", id="folder-for-symlink"),
            pytest.param("pipe", "pipe", id="file-for-pipe"),
        ],
    )
    def test_one_in_the_way_of_another_kind(self, site, build, read, output, named):
        before = read(site)
        with pytest.raises(OutputError) as caught:
            build(site, {**A, output: b"ours"})
        assert named in str(caught.value)
        assert read(site) == before
        build(site, {**A, output: b"ours"}, force=True)
        assert (site / output).read_bytes() == b"ours"

    def test_one_equal_to_a_new_output_becomes_ours(self, out, build, read):
        build(out, A)
        (out / "robots.txt").write_bytes(b"all")
        build(out, {**A, "robots.txt": b"all"})
        build(out, A)
        assert read(out) == A

    def test_what_somebody_does_while_the_folders_are_exchanged(self, site, build, read, monkeypatch):
        publish = atomic.publish

        def meanwhile(stage, path, aside):
            (site / "late.txt").write_text("late")
            (site / "uploads/deep").mkdir(parents=True)
            (site / "uploads/deep/late.txt").write_text("late")
            (site / "replaced").write_text("new")
            os.replace(site / "replaced", site / "CNAME")
            (site / ".git/HEAD").unlink()
            publish(stage, path, aside)

        monkeypatch.setattr(atomic, "publish", meanwhile)
        build(site, B)
        found = read(site)
        assert found["late.txt"] == found["uploads/deep/late.txt"] == b"late"
        assert found["CNAME"] == b"new"
        assert ".git/HEAD" not in found
        assert {name: found[name] for name in B} == B

    def test_a_late_file_never_takes_the_place_of_an_output(self, out, build, read, monkeypatch):
        build(out, A)
        publish = atomic.publish

        def meanwhile(stage, path, aside):
            (out / "new").mkdir()
            (out / "new/page.html").write_text("late")
            publish(stage, path, aside)

        monkeypatch.setattr(atomic, "publish", meanwhile)
        build(out, B)
        assert read(out) == B


class TestRefusals:
    def refused(self, path, **options) -> str:
        before = sorted(os.listdir(Path(path).parent))
        with pytest.raises(OutputError) as caught:
            OutputDirectory.open(path, **options)
        assert caught.value.hint
        assert sorted(os.listdir(Path(path).parent)) == before
        return str(caught.value)

    def test_a_file(self, out):
        out.write_text("x")
        assert "is not a directory" in self.refused(out, force=True)
        assert out.read_text() == "x"

    def test_a_pipe(self, out):
        os.mkfifo(out)
        assert "is not a directory" in self.refused(out, force=True)

    @pytest.mark.parametrize("target", ["nowhere", "out", "file"])
    def test_a_symlink_to_no_directory(self, out, target):
        (out.parent / "file").write_text("x")
        out.symlink_to(target)
        assert "leads to no directory" in self.refused(out, force=True)

    def test_a_mount_point(self):
        with pytest.raises(OutputError, match="is a mount point"):
            OutputDirectory.open("/proc", force=True)
        with pytest.raises(OutputError, match="root of the file system"):
            OutputDirectory.open("/", force=True)

    def test_a_directory_that_holds_a_mount_point(self):
        # Only the first look at the place: nothing must be tried on a real system's /sys/..
        with pytest.raises(OutputError, match=r"(is|holds) a mount point"):
            OutputDirectory.open("/sys", force=True)

    def test_somebody_elses_files(self, out, build, read):
        out.mkdir()
        (out / "thesis.txt").write_text("mine")
        assert "not written by staticroutes" in self.refused(out)
        build(out, A, force=True)
        assert read(out) == {**A, "thesis.txt": b"mine"}

    def test_an_empty_directory_is_welcome(self, out, build, read):
        out.mkdir()
        assert build(out, A).changed
        assert read(out) == A

    @pytest.mark.parametrize("inner", [".", "app", "public/deep"])
    def test_a_directory_that_is_or_holds_a_part_of_the_project(self, out, inner):
        (out / inner).mkdir(parents=True)
        assert "part of the project" in self.refused(out, force=True, protect=["/nowhere", str(out / inner)])

    def test_a_directory_that_holds_what_is_not_there_yet(self, out):
        assert "part of the project" in self.refused(out, protect=[str(out / "cache")])

    def test_a_neighbour_of_the_project_is_welcome(self, out):
        OutputDirectory.open(out, protect=[f"{out}er", str(out.parent)]).discard()

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b'{"version": 1, "gen', id="cut"),
            pytest.param(b"[]", id="list"),
            pytest.param(b"null", id="null"),
            pytest.param(b'{"generator": 5}', id="number"),
            pytest.param(b'{"generator": "another 1.0"}', id="another-program"),
            pytest.param(b"[" * 200_000, id="deep"),
            pytest.param(b'{"generator": "\xff"}', id="not-utf-8"),
            pytest.param(b"\0" * 100, id="zeros"),
            pytest.param(None, id="missing"),
        ],
    )
    def test_a_damaged_manifest(self, out, build, read, damage):
        build(out, A)
        manifest = out / "_staticroutes/manifest.json"
        manifest.unlink()
        if damage is not None:
            manifest.write_bytes(damage)
        assert "manifest" in self.refused(out)
        # All that was in there is kept, but where an output is now.
        build(out, B, force=True)
        assert read(out) == {**A, **B}
        build(out, A)
        assert "new/page.html" not in read(out)

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"garbage\n", id="garbage"),
            pytest.param(b'{"path": "/a", "file": "a"}\n{"path": "/b", "fi', id="cut"),
            pytest.param(b'{"path": "/a", "file": "a"}\ngarbage\n{"path": "/b", "file": "b"}\n', id="middle"),
            pytest.param(b"\0" * 3_000_000, id="zeros"),
            pytest.param(b'{"' + b"x" * 3_000_000, id="endless-line"),
            pytest.param(None, id="missing"),
        ],
    )
    def test_a_damaged_list_of_outputs(self, out, build, damage):
        build(out, A)
        listed = out / "_staticroutes/outputs.jsonl"
        listed.unlink()
        if damage is not None:
            listed.write_bytes(damage)
        assert "outputs.jsonl" in self.refused(out)
        build(out, B, force=True)

    @pytest.mark.parametrize("line", [b'{"path": "/a"}\n', b'{"file": 5}\n', b'{"path": nonsense}\n'])
    def test_a_line_that_looks_right_and_is_not(self, out, build, read, litter, line):
        build(out, A)
        with open(out / "_staticroutes/outputs.jsonl", "ab") as stream:
            stream.write(line)
        with pytest.raises(OutputError, match="line 5 is damaged"):
            build(out, B)
        assert read(out) == A
        assert litter() == []

    def test_a_pipe_for_a_manifest_does_not_hang(self, out, build):
        build(out, A)
        for name in ("manifest.json", "outputs.jsonl"):
            (out / "_staticroutes" / name).unlink()
            os.mkfifo(out / "_staticroutes" / name)
            assert name in self.refused(out)
            build(out, A, force=True)

    @pytest.mark.parametrize("length", [235, 252])
    def test_a_name_too_long_for_its_stage_or_its_lock(self, out, length):
        with pytest.raises(OutputError, match="name too long"):
            OutputDirectory.open(out / "deep/er" / ("x" * length))
        assert os.listdir(out.parent) == []


class TestLock:
    def test_a_busy_directory_names_its_holder(self, out, directory, litter):
        before = litter()
        with pytest.raises(OutputError, match=rf"another build .*process {os.getpid()}\)"):
            OutputDirectory.open(out)
        assert litter() == before and ".out.lock" in before
        assert os.path.isdir(directory.stage)

    def test_the_lock_dies_with_its_holder(self, out, build, read, litter, forked):
        reader, writer = os.pipe()
        pid = forked()
        if pid == 0:
            OutputDirectory.open(out).write("index.html", b"never")
            os.write(writer, b"!")
            signal.pause()
        os.read(reader, 1)
        with pytest.raises(OutputError, match=f"process {pid}"):
            build(out, A)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert len(litter()) == 2
        build(out, A)
        assert read(out) == A
        assert litter() == []

    def test_a_worker_that_outlives_its_build_keeps_nobody_out(self, out, build, litter, forked):
        reader, writer = os.pipe()
        pid = forked()
        if pid == 0:
            OutputDirectory.open(out)
            worker = forked()
            if worker == 0:
                # Said by the worker itself: then it is past the fork, where it lets go of the lock.
                os.write(writer, str(os.getpid()).encode())
            signal.pause()
        worker = int(os.read(reader, 20))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        try:
            build(out, A)
            assert litter() == []
        finally:
            os.kill(worker, signal.SIGKILL)

    def test_a_child_neither_publishes_nor_discards_nor_unlocks(self, out, directory, child, build):
        assert child(directory.discard) == 0
        assert child(directory.publish) == 1
        assert os.path.isdir(directory.stage)
        with pytest.raises(OutputError, match="another build"):
            build(out, A)

    def test_a_lock_file_that_goes_away_while_it_is_locked_is_no_lock(self, out, litter, monkeypatch):
        lock, calls = locks._lock, []

        def last_holder_lets_go(descriptor):
            calls.append(descriptor)
            if len(calls) == 1:
                os.unlink(out.parent / ".out.lock")
            return lock(descriptor)

        monkeypatch.setattr(locks, "_lock", last_holder_lets_go)
        opened = OutputDirectory.open(out)
        assert (out.parent / ".out.lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(OutputError, match="another build"):
            OutputDirectory.open(out)
        opened.discard()
        assert litter() == []

    def test_a_lock_file_left_by_a_killed_build_is_no_lock(self, out, build, litter):
        (out.parent / ".out.lock").write_text("1\n")
        build(out, A)
        assert litter() == []

    @pytest.mark.parametrize("kind", ["text", "folder", "symlink", "pipe"])
    def test_somebody_elses_file_of_that_name(self, out, build, kind):
        lock = out.parent / ".out.lock"
        target = out.parent / "precious"
        target.write_text("precious")
        match kind:
            case "text":
                lock.write_text("precious")
            case "folder":
                lock.mkdir()
            case "symlink":
                lock.symlink_to(target)
            case "pipe":
                os.mkfifo(lock)
        with pytest.raises(OutputError, match=r"\.out\.lock"):
            build(out, A)
        assert os.path.lexists(lock) and target.read_text() == "precious"
        assert kind != "text" or lock.read_text() == "precious"

    def test_stages_of_this_output_are_removed_and_no_others(self, out, build, litter):
        for name in (
            ".out.staticroutes-0123456789ab",
            ".out.staticroutes-x.staticroutes-0123456789ab",
            ".out.staticroutes-notes",
            ".other.staticroutes-0123456789ab",
        ):
            (out.parent / name / "inner").mkdir(parents=True)
            (out.parent / name / "inner/file").write_text("x")
            (out.parent / name / "inner").chmod(0o500)
        build(out, A)
        assert litter() == [
            ".other.staticroutes-0123456789ab",
            ".out.staticroutes-notes",
            ".out.staticroutes-x.staticroutes-0123456789ab",
        ]

    def test_a_site_left_between_two_renames_is_put_back(self, out, build, read, litter):
        build(out, A)
        out.rename(out.parent / ".out.staticroutes-0123456789ab.old")
        OutputDirectory.open(out).discard()
        assert read(out) == A
        assert litter() == []

    def test_builders_at_once_one_wins_at_a_time(self, out, build, read, litter, forked):
        def work() -> None:
            won = 0
            while won < 5:
                try:
                    build(out, A if won % 2 else B)
                    won += 1
                except OutputError as error:
                    assert "another build" in str(error), error

        pids = []
        for _ in range(3):
            pids.append(forked())
            if pids[-1] == 0:
                status = 1
                try:
                    work()
                    status = 0
                finally:
                    os._exit(status)
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0]
        assert read(out) in (A, B)
        assert litter() == []


class TestStage:
    def test_workers_write_into_one_stage(self, out, build, read, forked):
        old = {f"d{number % 7}/{number}.txt": b"%d" % number for number in range(300)}
        build(out, old)
        new = {name: body + (b"!" if int(body) % 3 else b"") for name, body in old.items()}
        opened = OutputDirectory.open(out)
        pids = []
        for worker in range(3):
            pids.append(forked())
            if pids[-1] == 0:
                status = 1
                try:
                    for name in list(new)[worker::3]:
                        opened.write(name, new[name])
                    status = 0
                finally:
                    os._exit(status)
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0, 0]
        published = opened.publish(force=True)
        assert (published.rewritten, published.unchanged) == (200, 100)
        assert read(out) == new

    @pytest.mark.parametrize("previous", [True, False], ids=["linked", "new"])
    def test_a_name_that_is_taken(self, out, build, previous):
        if previous:
            build(out, {"a/b": b"1"})
        opened = OutputDirectory.open(out)
        opened.write("a/b", b"1")
        for body in (b"1", b"2"):
            with pytest.raises(FileExistsError):
                opened.write("a/b", body)
            with pytest.raises(IsADirectoryError):
                opened.write("a", body)
            with pytest.raises(NotADirectoryError):
                opened.write("a/b/c", body)
            with pytest.raises(NotADirectoryError):
                opened.write("a/b/c/d", body)
        assert Path(opened.stage, "a/b").read_bytes() == b"1"
        opened.discard()

    def test_a_job_done_again_replaces_what_it_staged(self, out, build, read, stage):
        build(out, A)
        opened = OutputDirectory.open(out)
        opened.overwrite("a.txt", b"one")
        opened.overwrite("a.txt", b"second")
        opened.write("index.html", A["index.html"])
        opened.overwrite("index.html", b"other")
        assert read(out) == A, "not written through the link to the old site"
        assert Path(opened.stage, "index.html").read_bytes() == b"other"
        assert Path(opened.stage, "a.txt").read_bytes() == b"second"
        opened.discard()

    @pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "..", "a/..", ""])
    def test_names_that_would_leave(self, directory, name, litter):
        before = litter()
        with pytest.raises((OutputError, IsADirectoryError, NotADirectoryError)):
            directory.write(name, b"x")
        with pytest.raises((OutputError, IsADirectoryError, NotADirectoryError)):
            directory.overwrite(name, b"x")
        with pytest.raises((OutputError, IsADirectoryError)):
            directory.create(name)
        assert litter() == before

    def test_a_stage_that_was_taken_away_is_not_made_again(self, directory, out):
        os.rmdir(directory.stage)
        with pytest.raises(OutputError, match="stage was removed"):
            directory.write("a/b/c", b"x")
        with pytest.raises(OutputError):
            directory.write("a", b"x")
        assert not os.path.exists(directory.stage)

    def test_two_processes_make_one_folder(self, directory, monkeypatch):
        mkdir = os.mkdir

        def after_another(path, *args):
            if path.endswith("/a"):
                mkdir(path, *args)
            mkdir(path, *args)

        monkeypatch.setattr(os, "mkdir", after_another)
        directory.write("a/b/c", b"1")
        assert Path(directory.stage, "a/b/c").read_bytes() == b"1"

    def test_a_folder_that_was_taken_away_is_made_again(self, directory):
        directory.write("a/b", b"1")
        os.unlink(f"{directory.stage}/a/b")
        os.rmdir(f"{directory.stage}/a")
        directory.write("a/b", b"2")
        assert Path(directory.stage, "a/b").read_bytes() == b"2"

    @pytest.mark.parametrize(
        "size", [0, 1, stage_module.PIECE, stage_module.PIECE + 1, 3 * stage_module.PIECE]
    )
    def test_bodies_of_any_size_are_linked_when_equal(self, out, build, read, size):
        body = os.urandom(size)
        build(out, {"a": body})
        inode = (out / "a").stat().st_ino
        build(out, {"a": body, "b": b""})
        assert (out / "a").stat().st_ino == inode
        other = body[:-1] + b"\0" if size and body[-1] else body + b"\0"
        build(out, {"a": other})
        assert read(out) == {"a": other}

    @pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
    @pytest.mark.parametrize("size", [0, 10, stage_module.PIECE, stage_module.PIECE + 1, 2_500_000])
    def test_copies_from_disk(self, out, tmp_path, build, stage, size, links, monkeypatch):
        source = tmp_path / "source"
        body = os.urandom(size)
        source.write_bytes(body)
        (tmp_path / "link").symlink_to(source)
        digest = hashlib.sha256(body).hexdigest()
        if not links:

            def refuse(*args, **keywords):
                raise PermissionError(1, "Operation not permitted")

            monkeypatch.setattr(os, "link", refuse)
        build(out, {"public/a": body})
        os.utime(out / "public/a", ns=(10**18, 10**18 + 7))
        opened = OutputDirectory.open(out)
        assert opened.copy(str(source), "public/a") == (size, digest)
        assert opened.copy(str(tmp_path / "link"), "public/b") == (size, digest)
        with pytest.raises(FileExistsError):
            opened.copy(str(source), "public/b")
        stage(opened, {})
        opened.publish()
        assert (out / "public/a").read_bytes() == (out / "public/b").read_bytes() == body
        assert (out / "public/a").stat().st_mtime_ns == 10**18 + 7
        assert (out / "public/b").stat().st_mtime_ns != 10**18 + 7
        source.write_bytes(body[:-1] + b"!")
        opened = OutputDirectory.open(out)
        assert opened.copy(str(source), "public/a")[0] == max(size, 1)
        assert Path(opened.stage, "public/a").read_bytes() == body[:-1] + b"!"
        assert (out / "public/a").read_bytes() == body
        opened.discard()

    def test_only_files_are_copied(self, directory, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for source in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
            with pytest.raises(OutputError) as caught:
                directory.copy(str(source), "a")
            assert caught.value.where == str(source)
        assert os.listdir(directory.stage) == []

    @pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
    def test_keeping_an_output_as_it_is(self, out, build, stage, links, monkeypatch):
        build(out, A)
        (out / "link").symlink_to("index.html")
        os.utime(out / "api/items.json", ns=(10**18, 10**18 + 7))
        if not links:

            def refuse(*args, **keywords):
                raise PermissionError(1, "Operation not permitted")

            monkeypatch.setattr(os, "link", refuse)
        opened = OutputDirectory.open(out)
        assert opened.keep("api/items.json")
        assert not opened.keep("api/never.json")
        assert not opened.keep("never/never.json")
        assert not opened.keep("api")
        assert not opened.keep("link")
        with pytest.raises(FileExistsError):
            opened.keep("api/items.json")
        stage(opened, {"x": b""})
        opened.publish()
        assert (out / "api/items.json").read_bytes() == b"[1]"
        assert (out / "api/items.json").stat().st_mtime_ns == 10**18 + 7
        assert not (out / "api/never.json").exists() and not (out / "never").exists()

    def test_a_file_moves_below_its_own_name(self, directory):
        directory.write("api/items", b"[]")
        with pytest.raises(NotADirectoryError):
            directory.write("api/items/1", b"1")
        assert directory.is_lonely("api/items")
        directory.move("api/items", "api/items/index.json")
        directory.write("api/items/1", b"1")
        assert Path(directory.stage, "api/items/index.json").read_bytes() == b"[]"
        assert not directory.is_lonely("api/items/1")
        with pytest.raises(FileExistsError):
            directory.move("api/items/1", "api/items/index.json")
        assert sorted(os.listdir(f"{directory.stage}/api/items")) == ["1", "index.json"]
        os.unlink(f"{directory.stage}/api/items/1")
        assert directory.is_lonely("api/items/index.json")
        directory.move("api/items/index.json", "api/items")
        assert Path(directory.stage, "api/items").read_bytes() == b"[]"
        with pytest.raises(NotADirectoryError):
            directory.write("api/items/1", b"1")
        with pytest.raises(OutputError):
            directory.move("missing", "x")
        assert sorted(os.listdir(directory.stage)) == ["api"]

    def test_a_moved_file_that_came_out_as_before_keeps_its_mtime(self, out, build, stage):
        build(out, {"api/items": b"[]"})
        os.utime(out / "api/items", ns=(10**18, 10**18 + 7))
        for body, changed in ((b"[]", False), (b"[1]", True)):
            opened = OutputDirectory.open(out)
            opened.write("api/items/index.json", body)
            opened.move("api/items/index.json", "api/items")
            lines = (out / "_staticroutes/outputs.jsonl").read_bytes()
            opened.write("_staticroutes/outputs.jsonl", lines)
            opened.keep("_staticroutes/manifest.json")
            assert opened.publish().changed is changed
            assert (out / "api/items").read_bytes() == body
            assert ((out / "api/items").stat().st_mtime_ns == 10**18 + 7) is not changed

    def test_a_stream_that_came_out_as_before_keeps_its_mtime(self, out, build):
        build(out, A)
        listed = out / "_staticroutes/outputs.jsonl"
        os.utime(listed, ns=(10**18, 10**18 + 7))
        inode = listed.stat().st_ino
        assert build(out, {**A, "index.html": b"<h1>C</h1>"}).unchanged == 5
        assert (listed.stat().st_ino, listed.stat().st_mtime_ns) == (inode, 10**18 + 7)

    def test_owned_names(self, out, build):
        names = {"a.html": b"", 'q"uote/b\\slash': b"", "über/x.json": b"", "sp ace": b""}
        build(out, names)
        (out / "foreign").write_text("x")
        opened = OutputDirectory.open(out)
        assert opened.previous
        inner = {"_staticroutes/manifest.json", "_staticroutes/outputs.jsonl"}
        assert opened.owned() == names.keys() | inner
        opened.discard()

    def test_owned_names_of_a_list_with_another_order_of_keys(self, out, build):
        build(out, A)
        lines = [json.dumps({"status": 200, "file": name, "headers": []}) for name in A]
        (out / "_staticroutes/outputs.jsonl").write_text("\n".join(lines) + "\n")
        opened = OutputDirectory.open(out)
        assert opened.owned() > A.keys()
        opened.discard()

    def test_nothing_is_owned_where_nothing_was(self, directory):
        assert not directory.previous and directory.owned() == set()


class TestTrees:
    def test_removing_does_not_follow_links_and_needs_no_rights(self, tmp_path, child, monkeypatch):
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "file").write_text("x")
        tree = tmp_path / "tree"
        (tree / "a/b").mkdir(parents=True)
        (tree / "a/b/file").write_text("x")
        (tree / "a/link").symlink_to(precious)
        (tree / "a/b").chmod(0)
        (tree / "a").chmod(0o500)
        monkeypatch.chdir(tmp_path)

        def remove() -> None:
            if os.geteuid() == 0:
                # Root could remove all of it in any case.
                tmp_path.chmod(0o777)
                for path in (tree, *tree.rglob("*")):
                    os.chown(path, 65534, 65534, follow_symlinks=False)
                os.setuid(65534)
            trees.remove_tree("tree")

        assert child(remove) == 0
        assert not tree.exists()
        assert (precious / "file").read_text() == "x"
        trees.remove_tree(str(tree))

    def test_deep_trees_are_no_matter(self, tmp_path):
        deep = str(tmp_path / "deep")
        os.mkdir(deep)
        path = deep
        while len(path) < 3500:
            path += "/d"
            os.mkdir(path)
        assert [name for _, name in trees.compare(deep, deep)] == []
        trees.remove_tree(deep)
        assert os.listdir(tmp_path) == []

    @pytest.mark.skipif(sys.platform != "linux", reason="knows Linux's list of mounts")
    def test_mount_points_below_a_path(self):
        assert "/proc" in atomic.mount_points("/")
        assert atomic.mount_points("/pro") == []

    def test_a_mount_point_without_a_list_of_mounts(self, monkeypatch):
        def refuse(*args):
            raise FileNotFoundError

        monkeypatch.setattr(atomic, "open", refuse, raising=False)
        assert atomic.mount_points("/proc") == ["/proc"]
        assert atomic.mount_points("/pro") == []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
