"""The process behind `script/server`."""

import os

# As this process was started, before `evently.environment` adds the variables of .env to it.
INHERITED = dict(os.environ)
