"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")

application = get_wsgi_application()

# Only after Django is set up may models be imported.
from evently import preflight  # noqa: E402

preflight.insist()
