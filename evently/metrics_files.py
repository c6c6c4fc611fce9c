"""The files in which processes count, and how those of ended processes are kept.

Each process counts in files of its own (prometheus_client's multiprocess mode), and a scrape adds
them up. When a process ends, its counts are added to one file for all that have ended: the sums
never fall, and the number of files does not grow.
"""

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict

COUNTED = ("counter", "histogram")
ENDED = "ended"


def collect(folders: Iterable[Path]) -> list[Metric]:
    """Return the metrics of all processes that count in these folders."""
    files: list[str] = []
    with _locked(folders, fcntl.LOCK_SH) as present:
        for folder in present:
            # A process that has just started has made its file, but not filled it.
            files += sorted(str(path) for path in folder.glob("*.db") if path.stat().st_size)
        return list(multiprocess.MultiProcessCollector.merge(files, accumulate=True))


def merge_ended(folder: Path) -> None:
    """Add the counts of ended processes to the file of all ended ones; delete their files."""
    with _locked([folder], fcntl.LOCK_EX) as present:
        if not present:
            return
        for kind in COUNTED:
            ended = [path for path in folder.glob(f"{kind}_*.db") if _has_ended(path)]
            _merge(ended, into=folder / f"{kind}_{ENDED}.db")
        for path in folder.glob("gauge_live*.db"):
            if _has_ended(path):
                path.unlink(missing_ok=True)


def _merge(files: list[Path], *, into: Path) -> None:
    if not files:
        return
    sums: defaultdict[str, float] = defaultdict(float)
    for path in [*files, into]:
        if path.exists() and path.stat().st_size:
            for key, value, *_ in MmapedDict.read_all_values_from_file(str(path)):
                sums[key] += value
    draft = into.with_suffix(".new")
    draft.unlink(missing_ok=True)
    merged = MmapedDict(str(draft))
    for key, value in sums.items():
        merged.write_value(key, value, 0.0)
    merged.close()
    draft.replace(into)
    for path in files:
        path.unlink()


def _has_ended(path: Path) -> bool:
    """Return whether the process whose id ends the file's name has ended."""
    process_id = path.stem.rsplit("_", 1)[-1]
    if not process_id.isdigit():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


@contextmanager
def _locked(folders: Iterable[Path], kind: int) -> Iterator[list[Path]]:
    """Lock the folders that exist, so that no scrape reads what is being merged."""
    locks: list[int] = []
    present: list[Path] = []
    try:
        for folder in folders:
            try:
                lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            except OSError:
                continue
            locks.append(lock)
            fcntl.flock(lock, kind)
            present.append(folder)
        yield present
    finally:
        for lock in locks:
            os.close(lock)
