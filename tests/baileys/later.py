"""The tool, some hours later: `python later.py HOURS ARGUMENTS...` is `baileys-cleanup ARGUMENTS...` with a clock ahead.

Nothing of the tool is changed: only what Python answers to the question what time it is. The file system keeps the
real time, as it would for a run that comes later.
"""

import sys
import time

HOUR = 3600 * 10**9

if __name__ == "__main__":
    ahead = int(sys.argv.pop(1)) * HOUR
    now = time.time_ns
    time.time_ns = lambda: now() + ahead

    from baileys_cleanup.__main__ import main

    main()
