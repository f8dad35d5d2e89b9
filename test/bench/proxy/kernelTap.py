"""When the kernel had the chunks of a number of streams, against the moments that their texts tell.

    python3 kernelTap.py PORT MODEL STREAMS

Prints median and 99th percentile in ms as JSON. SO_TIMESTAMPNS stamps each segment as it is received, whenever it is read.
"""

import json
import re
import select
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35
MOMENT = re.compile(rb'"content":" ([0-9.]+)"')


def realtime_offset_ns():
    """Wall clock less monotonic clock, from the closest pair of readings."""
    pairs = []
    for _ in range(1000):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        pairs.append((after - before, wall - (before + after) // 2))
    return min(pairs)[1]


def main():
    port, model, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    gap_s = float(model.split(":")[2]) / 1000
    body = json.dumps({"model": model, "stream": True, "messages": []}, separators=(",", ":"))
    request = ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode()
    poll = select.epoll()
    streams = {}
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        stream.send(request)
        streams[stream.fileno()] = stream
        poll.register(stream.fileno(), select.EPOLLIN)
        time.sleep(gap_s / count)
    offset = realtime_offset_ns()
    late = []
    while streams:
        for descriptor, _ in poll.poll():
            stream = streams[descriptor]
            data, control, _, _ = stream.recvmsg(65536, 256)
            if not data or data.endswith(b"0\r\n\r\n"):
                poll.unregister(descriptor)
                streams.pop(descriptor).close()
                continue
            moments = MOMENT.findall(data)
            # The stamp is that of the last segment read.
            for level, kind, value in control:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and moments:
                    seconds, nanoseconds = struct.unpack("qq", value[:16])
                    late.append((seconds * 10**9 + nanoseconds - offset) / 1e6 - float(moments[-1]))
    late.sort()
    print(json.dumps({"median": late[len(late) // 2], "p99": late[int(len(late) * 0.99)]}))


main()
