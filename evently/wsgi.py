"""The WSGI application that gunicorn serves."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

# Gunicorn's code for an application that does not load, after which it starts no more workers.
APP_LOAD_ERROR = 4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")

try:
    application = get_wsgi_application()

    # Only after Django is set up may models be imported.
    from evently import preflight
    from evently.database import identity

    preflight.insist()
    # What belongs to no request, or to one that nobody is known of yet, reads what is public.
    identity.set_of_process(identity.VISITOR)
except ImproperlyConfigured as error:
    # What to do, without a traceback.
    sys.stderr.write(f"{error}\n")
    sys.exit(APP_LOAD_ERROR)
