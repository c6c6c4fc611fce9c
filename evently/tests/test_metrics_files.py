"""Counts of several processes add up, and never fall when one ends."""

import subprocess
import sys

from evently import metrics_files

COUNT = """
import sys
from prometheus_client import Counter, Gauge, Histogram
counted = Counter("tried_total", "Tried.", ["kind"])
seconds = Histogram("tried_seconds", "Took.", buckets=(1.0, 5.0))
busy = Gauge("tried_busy", "Busy.", multiprocess_mode="livesum")
for _ in range(int(sys.argv[1])):
    counted.labels("a").inc()
    seconds.observe(2)
busy.set(1)
sys.stdout.write("done\\n")
sys.stdout.flush()
sys.stdin.read()
"""


class Counting:
    """A process that counts, and lives until it is ended."""

    def __init__(self, folder, times):
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(times)],
            env={"PROMETHEUS_MULTIPROC_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline() == b"done\n"

    def end(self):
        self.process.communicate()


def values(*folders):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in metrics_files.collect(folders)
        for sample in metric.samples
    }


def test_counts_of_ended_processes_stay_in_one_file(tmp_path):
    first, second = Counting(tmp_path, 3), Counting(tmp_path, 4)
    both = values(tmp_path)
    assert both["tried_total", ("kind", "a")] == 7
    assert both["tried_seconds_bucket", ("le", "5.0")] == 7
    assert both[("tried_busy",)] == 2

    first.end()
    metrics_files.merge_ended(tmp_path)

    after = values(tmp_path)
    assert after.pop(("tried_busy",)) == 1
    both.pop(("tried_busy",))
    assert after == both
    second.end()
    third = Counting(tmp_path, 5)
    metrics_files.merge_ended(tmp_path)
    third.end()
    metrics_files.merge_ended(tmp_path)
    assert values(tmp_path)["tried_total", ("kind", "a")] == 12
    assert sorted(path.name for path in tmp_path.glob("*.db")) == [
        "counter_ended.db",
        "histogram_ended.db",
    ]


def test_folders_of_several_servers_add_up(tmp_path):
    for name, times in (("web", 1), ("worker", 2)):
        (tmp_path / name).mkdir()
        Counting(tmp_path / name, times).end()

    found = values(tmp_path / "web", tmp_path / "worker", tmp_path / "missing")

    assert found["tried_total", ("kind", "a")] == 3
