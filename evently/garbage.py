"""How often Python looks for unused objects that refer to each other.

Loading Evently makes 300,000 objects, which stay until the process ends. By default Python goes
through the newest of them 400 times while it loads, and through all of them when it ends: a third
of the computing of a process that starts and stops.
"""

import atexit
import gc

# Net new objects before Python looks at them; by default 700. 10,000 are 2 MB at most.
NEW_OBJECTS = 10_000


def look_rarely() -> None:
    """Look less often, and not through everything once more at the end."""
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)
