"""A child that does not outlive its parent, not even when the parent is killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # from linux/prctl.h

# Loaded before any fork: a child between fork and exec must not start loading libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` after which the kernel sends `how` to the child when its parent dies.

    Linux only; elsewhere it does nothing and the guard (infra/supervisor/guard.py) is alone responsible.
    The kernel watches the *thread* that forked: start children from a thread that lives as long as the
    process. Source: prctl(2), PR_SET_PDEATHSIG.
    """
    parent = os.getpid()

    def leash() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked to watch it
            os._exit(1)

    return leash
