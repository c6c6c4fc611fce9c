"""Bring database and static files up to date before the web server starts, in one process."""

import os
import sys

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from evently.environment import env


def load_demo_if_empty() -> None:
    """Load the demo events in development while there are no events, unless DEMO=false."""
    if not settings.DEBUG or not env.bool("DEMO", default=True):
        return
    if not apps.get_model("events", "Event").objects.using("owner").exists():
        call_command("load_demo")


def main() -> int:
    """Migrate as the owner, run the preflight checks, load the demo, collect static files."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2
    # Imports models, so only after django.setup().
    from evently import preflight

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 2
    if problems := preflight.problems():
        print("\n".join(problems), file=sys.stderr)
        return 2
    load_demo_if_empty()
    if not settings.DEBUG:
        # Static files are public: the proxy may serve them.
        os.umask(0o022)
        call_command("collectstatic", interactive=False, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
