"""Logs."""

from evently.environment import env
from evently.settings.site import DEBUG

LOGGING_CONFIG = "evently.logs.configure"
# What request lines show of a client's address: truncated, full or none.
LOG_CLIENT = env.str("LOG_CLIENT", default="truncated")
LOGGING = {"json": not DEBUG, "level": env.str("LOG_LEVEL", default="INFO")}
