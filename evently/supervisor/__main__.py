"""What `script/server` runs: everything Evently needs, under one process."""

import sys

from django.core.exceptions import ImproperlyConfigured

from evently.embedded.state import CannotStart
from evently.supervisor.children import say


def main() -> int:
    """Run until stopped; 1 or 2 when something has to be changed first, which is said."""
    try:
        # The settings say first what is missing, before anything starts.
        from evently import settings  # noqa: F401 - importing is the check
        from evently.supervisor.run import Supervisor

        return Supervisor().run()
    except ImproperlyConfigured as error:
        say(str(error))
        return 2
    except CannotStart as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
