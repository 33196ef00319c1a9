"""A disk that refuses: the old site stays, the message names what and where, the next build is well."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from staticroutes.errors import OutputError
from staticroutes.output.directory import OutputDirectory

A = {"index.html": b"A", "same.txt": b"=" * 100, "api/items.json": b"A"}
B = {"index.html": b"B", "same.txt": b"=" * 100, "api/items.json": b"B", "new/folder/b": b"B"}


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a memory disk of a few pages with the given options; gives its folder."""
    mounted = []

    def mount(options: str) -> Path:
        place = tmp_path / "disk"
        place.mkdir(exist_ok=True)
        command = shutil.which("mount")
        if command is None or os.geteuid() != 0:
            pytest.skip("mounting needs root")
        done = subprocess.run([command, "-t", "tmpfs", "-o", options, "small", place], capture_output=True)
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=True)


class TestFullDisk:
    def test_no_space_left(self, small_disk, build, read):
        out = small_disk("size=256k") / "out"
        build(out, A)
        large = {f"{number}.bin": os.urandom(20_000) for number in range(20)}
        with pytest.raises(
            OutputError, match=r"no space left on device while writing \d+\.bin\n  hint: free"
        ):
            build(out, large)
        assert read(out) == A
        assert os.listdir(out.parent) == ["out"]
        build(out, B)
        assert read(out) == B

    def test_no_space_left_in_a_stream(self, small_disk, build, read):
        out = small_disk("size=256k") / "out"
        build(out, A)
        opened = OutputDirectory.open(out)
        with (
            pytest.raises(OutputError, match="no space left on device while writing big"),
            opened.create("big") as stream,
        ):
            stream.write(bytes(2_000_000))
        opened.discard()
        assert read(out) == A

    def test_no_inodes_left(self, small_disk, build, read):
        out = small_disk("size=1m,nr_inodes=20") / "out"
        build(out, A)
        with pytest.raises(OutputError, match="no space left on device"):
            build(out, {f"{number}/x": b"" for number in range(20)})
        assert read(out) == A
        assert os.listdir(out.parent) == ["out"]

    def test_a_limit_on_the_size_of_files(self, out, tmp_path, build, read, child, litter):
        build(out, A)
        (tmp_path / "source").write_bytes(bytes(3_000_000))

        def work() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with pytest.raises(
                OutputError, match=r"file too large while writing large\.bin\n  hint: .*ulimit"
            ):
                build(out, {**B, "large.bin": bytes(20_000)})
            opened = OutputDirectory.open(out)
            with pytest.raises(OutputError, match="file too large"):
                opened.copy(str(tmp_path / "source"), "copy")
            assert os.listdir(opened.stage) == []
            opened.discard()

        assert child(work) == 0
        assert read(out) == A
        assert litter() == []

    def test_no_descriptors_left(self, out, build, read, child, litter):
        build(out, A)

        def work() -> None:
            opened = OutputDirectory.open(out)
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
            try:
                opened.write("new", b"x")
            except OutputError as error:
                assert "too many open files while writing new" in str(error)
                assert "ulimit -n" in str(error)
            else:
                raise AssertionError("it was written")
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            opened.discard()

        assert child(work) == 0
        assert read(out) == A
        assert litter() == []


class TestReadOnly:
    def test_a_read_only_disk(self, small_disk, build, read):
        place = small_disk("size=256k")
        build(place / "out", A)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        for out in (place / "out", place / "other", place / "deep/er/out"):
            with pytest.raises(OutputError, match="read-only file system") as caught:
                build(out, B)
            assert "--out" in str(caught.value)
        assert read(place / "out") == A

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_parent_that_cannot_be_written(self, out, build, read):
        build(out, A)
        out.parent.chmod(0o555)
        try:
            with pytest.raises(OutputError, match="permission denied"):
                build(out, B)
        finally:
            out.parent.chmod(0o755)
        assert read(out) == A

    def test_a_mount_is_refused(self, small_disk):
        with pytest.raises(OutputError, match="is a mount point"):
            OutputDirectory.open(small_disk("size=256k"), force=True)

    def test_a_bind_mount_of_the_same_disk_is_refused(self, small_disk, build, read):
        place = small_disk("size=256k")
        build(place / "out", A)
        (place / "precious").mkdir()
        (place / "precious/file").write_text("x")
        (place / "out/uploads").mkdir()
        subprocess.run(["mount", "--bind", place / "precious", place / "out/uploads"], check=True)
        try:
            with pytest.raises(OutputError, match="holds a mount point"):
                build(place / "out", B)
        finally:
            subprocess.run(["umount", place / "out/uploads"], check=True)
        assert (place / "precious/file").read_text() == "x"


BUILD = """
import sys
sys.path[:0] = {path!r}
from conftest import build_site
from staticroutes.errors import OutputError
try:
    build_site(__import__("pathlib").Path({out!r}), {files!r})
except OutputError as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def strace():
    command = shutil.which("strace")
    if command is None:
        pytest.skip("strace is not installed")
    probe = [command, "-qq", "-o", os.devnull, "-e", "inject=chroot:error=EIO", "true"]
    done = subprocess.run(probe, capture_output=True)
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.decode().strip()}")
    return command


class TestInjectedFaults:
    @pytest.fixture
    def run(self, strace, out, build, tmp_path):
        """Build B over A with system calls that fail. Gives the error's text, "" for none."""

        def run(*faults: str, files=B) -> str:
            path = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
            (tmp_path / "build.py").write_text(BUILD.format(path=path, out=str(out), files=files))
            calls = ",".join(fault.partition(":")[0] for fault in faults)
            # Only these calls are stopped at, which makes it ten times as fast.
            command = [strace, "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", f"trace={calls}"]
            for fault in faults:
                command += ["-e", f"inject={fault}"]
            command += [sys.executable, "-B", str(tmp_path / "build.py")]
            done = subprocess.run(command, capture_output=True, text=True)
            assert "Traceback" not in done.stderr, done.stderr
            assert done.returncode == bool(done.stderr)
            return done.stderr

        build(out, A)
        (out / "CNAME").write_text("example.org")
        return run

    @pytest.mark.parametrize(
        "faults",
        [
            pytest.param(["syncfs:error=EIO"], id="syncfs"),
            pytest.param(["syncfs:error=ENOSYS", "fsync:error=EIO:when=1"], id="fsync-of-the-first"),
            pytest.param(["syncfs:error=ENOSYS", "fsync:error=EIO:when=7"], id="fsync-of-a-later-one"),
            pytest.param(["fsync:error=EIO"], id="fsync-of-the-parent"),
            pytest.param(["renameat2:error=EIO"], id="exchange"),
            pytest.param(["renameat2:error=EBUSY"], id="exchange-of-a-mount-point"),
            pytest.param(["renameat2:error=ENOSYS", "rename:error=EXDEV:when=1"], id="first-rename"),
            pytest.param(["renameat2:error=ENOSYS", "rename:error=EIO:when=2"], id="second-rename"),
            pytest.param(["link:error=EIO:when=1", "linkat:error=EIO:when=1"], id="link"),
            pytest.param(["linkat:error=EIO"], id="link-of-a-foreign-file"),
            pytest.param(["mkdir:error=EIO:when=1"], id="mkdir-of-the-stage"),
            pytest.param(["mkdir:error=EIO:when=3"], id="mkdir-of-a-folder"),
            pytest.param(["flock:error=ENOLCK"], id="lock"),
        ],
    )
    def test_the_old_site_stays(self, run, out, build, read, litter, faults):
        before = read(out)
        message = run(*faults)
        assert str(out.parent) in message and " while " in message
        assert read(out) == before
        assert litter() == []
        build(out, B)
        assert read(out) == {**B, "CNAME": b"example.org"}

    @pytest.mark.parametrize(
        "faults",
        [
            pytest.param(["syncfs:error=ENOSYS"], id="no-syncfs"),
            pytest.param(["renameat2:error=EINVAL"], id="no-exchange"),
            pytest.param(["link:error=EPERM", "linkat:error=EPERM"], id="no-links"),
            pytest.param(["chown:error=EPERM"], id="no-chown"),
        ],
    )
    def test_what_a_file_system_cannot_is_done_without(self, run, out, read, litter, faults):
        mtime = (out / "same.txt").stat().st_mtime_ns
        assert run(*faults) == ""
        assert read(out) == {**B, "CNAME": b"example.org"}
        assert (out / "same.txt").stat().st_mtime_ns == mtime
        assert litter() == []

    @pytest.mark.parametrize("fault", ["unlink:error=EIO:when=2+", "rmdir:error=EIO"])
    def test_a_failed_clean_up_is_left_to_the_next_build(self, run, out, build, read, litter, fault):
        assert run(fault) == ""
        assert read(out) == {**B, "CNAME": b"example.org"}
        assert litter() != []
        assert "killed build left" in run("rmdir:error=EIO", files=A)
        build(out, A)
        assert read(out) == {**A, "CNAME": b"example.org"}
        assert litter() == []
