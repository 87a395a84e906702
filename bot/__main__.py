"""The process ``python -m bot``: signals are heeded from its first line on, then the command line takes over."""

from __future__ import annotations

import gc
import os
import signal
import sys

if __name__ == "__main__":
    gc.disable()  # until all is imported, none of which is garbage: to look for some takes a fifth of the time
    # Before all that takes time to import: nothing has begun, so nothing is lost.
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, lambda _signal, _frame: os._exit(0))

from bot.command_line import main

if __name__ == "__main__":
    sys.exit(main())
