"""The process that `script/server` runs: it starts and supervises all others."""

import sys

from django.core.exceptions import ImproperlyConfigured

from evently.embedded import relay
from evently.embedded.state import CannotStart
from evently.environment import DEBUG
from evently.supervisor.children import print_line


def main(arguments: list[str]) -> int:
    """Run until stopped. Returns the exit code: 1 or 2 after printing why Evently cannot start."""
    try:
        # Before anything starts: the settings raise ImproperlyConfigured for missing variables.
        from evently import settings  # noqa: F401 - importing is the check
        from evently.supervisor import roles
        from evently.supervisor.run import Supervisor

        plan = roles.plan(arguments)
        if not DEBUG:
            # Every line of the output is JSON, whichever process writes it.
            relay.take_over_output("output")
        return Supervisor(plan).run()
    except ImproperlyConfigured as error:
        print_line(str(error))
        return 2
    except CannotStart as error:
        print_line(str(error))
        return 1
    finally:
        relay.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
