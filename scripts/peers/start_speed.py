#!/usr/bin/env python3
"""start_speed.py COMMAND...: how long a command takes, from its beginning to its end, that is given an empty input.
Prints one JSON object."""
import json
import resource
import statistics
import subprocess
import sys
import time

STARTS = 21

milliseconds = []
for _ in range(STARTS):
    began = time.perf_counter()
    subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    milliseconds.append(1000 * (time.perf_counter() - began))
print(json.dumps({"start_ms": statistics.median(milliseconds),
                  "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}))
