# As agent.mjs.
import json
import os
import re
import resource
import sys
import time

import openai

client = openai.OpenAI(max_retries=0)
history = [{"role": "user", "content": "begin"}]


def think():
    answer = client.chat.completions.create(model=os.environ["MODEL"], messages=history[-4:])
    return answer.choices[0].message.content


def parse(text):
    found = re.search(r"word(\d+)", text)
    return 0 if found is None else int(found.group(1))


def act(n):
    return json.dumps({"n": n, "squares": [each * n for each in range(20)]})


def step():
    text = think()
    result = act(parse(text))
    history.extend([{"role": "assistant", "content": text}, {"role": "user", "content": result}])


def compute(rounds):
    total = 0
    for _ in range(rounds):
        for n in range(100_000):
            total = (total * 31 + n) % 1_000_003
    return total


step()
step()
came = time.perf_counter()
for _ in range(int(os.environ["FIRST_CALLS"])):
    step()
began = time.perf_counter()
used = time.process_time()
for _ in range(int(os.environ["CALLS"])):
    step()
ms = (time.perf_counter() - began) * 1000
cpu_ms = (time.process_time() - used) * 1000
compute(int(os.environ["GAP_WORK"]) // 4)
step()
before = time.process_time()
time.sleep(int(os.environ["GAP_MS"]) / 1000)
idle = time.process_time() - before
start = time.process_time()
compute(int(os.environ["GAP_WORK"]))
busy = time.process_time() - start
step()
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stdout.write(json.dumps({"firstMs": (began - came) * 1000, "ms": ms, "cpuMs": cpu_ms, "idleMs": idle * 1000, "busyMs": busy * 1000, "rssMb": rss / 1000 if sys.platform == "linux" else rss / 1e6}))
