"""Logs."""

from evently.environment import env
from evently.settings.site import DEBUG

LOGGING_CONFIG = "evently.logs.configure"
LOGGING = {"json": not DEBUG, "level": env.str("LOG_LEVEL", default="INFO")}
