"""The interpreter's own functions as they are before the program runs.

Programs put others in their places: clocks that stand still, mocks that count or refuse. Those are meant for the program: what they
would tell the hook is wrong, and its calls are none that a program expects to find counted.
"""

import os as _os
import sys
import time as _time

try:
    import fcntl as _fcntl
except ImportError:
    _fcntl = None  # Windows.

_Namespace = type(sys.implementation)

os = _Namespace(**vars(_os))
time = _Namespace(**vars(_time))
fcntl = None if _fcntl is None else _Namespace(**vars(_fcntl))
