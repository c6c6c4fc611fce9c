"""Settings, by topic. Everything that differs between installations comes from the environment.

`.env.example` lists every variable, and `evently.variables` what each may be. Development has safe
defaults; faults of the environment prevent the start, each with a sentence that says what to set.
A new setting goes into the module of its topic; this one gathers them all.
"""

from evently import configuration

configuration.insist()

from evently.settings.api import *
from evently.settings.applications import *
from evently.settings.background import *
from evently.settings.backoffice import *
from evently.settings.database import *
from evently.settings.email import *
from evently.settings.files import *
from evently.settings.logging import *
from evently.settings.security import *
from evently.settings.site import *
from evently.settings.users import *
