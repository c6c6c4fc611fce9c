"""Pass ten years of made-up bookings through simulated nights, and kill the run at random moments.

    python -m bench.ten_years --bookings 1000000 --kills 50

Works in a database and a folder of its own. After each night and each kill (-9), every booking,
waitlist entry and row of the audit log must be in exactly one place: its table, the archive, or one
file of cold storage whose checksum and signature are right; and seats, amounts and prices must add
up. Then it restores a month, and compares. Exits with 1 if a row was lost, or is there twice.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.throwaway import ROOT, throwaway_database


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bookings", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--step", type=int, default=30, help="days from one night to the next")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, throwaway_database() as environment:
        given = [f"--{name}={value}" for name, value in vars(arguments).items()]
        return subprocess.run(
            [sys.executable, "-m", "bench.ten_years.whole", *given],
            cwd=ROOT,
            env=os.environ | environment | {"COLD_STORAGE_URL": f"file://{folder}"},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
