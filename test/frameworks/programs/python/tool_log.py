"""Where tools note how long they really took, for the test to compare."""
import json
import os
import time


class timed:
    """`with timed("search"): …`"""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.at = time.time() * 1000
        self.began = time.perf_counter()

    def __exit__(self, error_type, *_):
        took = (time.perf_counter() - self.began) * 1000
        if os.environ.get("TOOL_LOG"):
            with open(os.environ["TOOL_LOG"], "a") as log:
                log.write(json.dumps({"name": self.name, "at": self.at, "ms": took, "failed": error_type is not None}) + "\n")
