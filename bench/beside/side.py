"""One side of `python -m bench.beside`: run by the Python of a checkout, in its folder.

Starts the servers of the release that is checked out there, and says "ready"; then carries out what
each line of its input names, as {"name": …, "count": …}, and answers with {"milliseconds": …} of
CPU time per operation. The release may be an earlier one: this uses only what all of them have.
"""

import json
import os
import sys
from pathlib import Path

# The benchmark of the checkout, not the one that this file belongs to.
sys.path[0] = str(Path.cwd())


def main() -> None:
    from bench.stage.servers import everything_running

    # What is printed meanwhile must not be taken for answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with everything_running() as servers:
        # Only now: Django's settings contain the addresses of the running servers.
        from bench import run
        from bench.measures import MEASURES
        from bench.stage.measuring import idle_cost, measured

        stage = run.prepared_stage(servers, people=int(sys.argv[2]))
        idle = idle_cost(servers, seconds=float(sys.argv[1]))
        answers.write("ready\n")
        for line in sys.stdin:
            wanted = json.loads(line)
            work = MEASURES[wanted["name"]].prepare(stage, wanted["count"])
            one = measured(servers, work, idle=idle)
            spent = sum(one.cpu.values()) * 1000 / one.operations
            answers.write(json.dumps({"milliseconds": spent}) + "\n")


if __name__ == "__main__":
    main()
