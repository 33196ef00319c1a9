"""A real API of 19,561 files equals what its own generator publishes.

The data is a folder that ``STATICROUTES_ENDOFLIFE_DATA`` names, or ``shared/data/endoflife`` beside the
checkout. Where it is missing, these tests are skipped.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "sites" / "endoflife"
DATA = Path(
    os.environ.get("STATICROUTES_ENDOFLIFE_DATA") or SITE.parents[2].parent / "shared" / "data" / "endoflife"
)

pytestmark = pytest.mark.skipif(
    not (DATA / "products").is_dir(), reason=f"the data of endoflife.date is not in {DATA}"
)


@pytest.fixture(scope="module")
def endoflife(tmp_path_factory, project_at):
    """A copy of the site, and the way to build it."""
    folder = tmp_path_factory.mktemp("endoflife") / "site"
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__", ".staticroutes", "out"))
    return project_at(folder)


@pytest.fixture(scope="module")
def listing(tmp_path_factory):
    file = tmp_path_factory.mktemp("expected") / "listing.tsv"
    file.write_bytes(lzma.decompress((DATA / "expected/listing.tsv.xz").read_bytes()))
    return file


def test_every_file_is_equal_whatever_the_jobs(endoflife, listing):
    outs = []
    for jobs in ("1", "2"):
        out = endoflife.folder.parent / f"out{jobs}"
        env = {"STATICROUTES_ENDOFLIFE_DATA": str(DATA.resolve())}
        done = endoflife.built("--jobs", jobs, "--out", str(out), env=env, timeout=100)
        assert "19,561 outputs" in done.stdout
        assert "0 dynamic routes" in done.stdout
        outs.append(out)
    one, two = map(endoflife.everything, outs)
    assert one == two
    checked = subprocess.run(
        [sys.executable, str(DATA / "expected/canon.py"), "check", str(outs[0]), str(listing)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert "extra files: 0" in checked.stdout
    for line in checked.stdout.splitlines():
        if line.startswith("api-"):
            _, count, same, bytes_equal, missing = line.split()
            assert count == same == bytes_equal and missing == "0", "JSON is equal byte for byte"
