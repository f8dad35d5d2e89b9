"""The agent of agent.mjs in Python, on the openai package: one thread for each lane, no retries.

    python agent.py PLAN LOG GO
"""
import json
import os
import sys
import threading
import time

from openai import OpenAI

plan, log, go = sys.argv[1:]
with open(plan, encoding="utf-8") as source:
    lanes = json.load(source)
file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
client = OpenAI(max_retries=0, timeout=600)


def note(**line):
    line["t"] = time.monotonic_ns() / 1e6
    os.write(file, (json.dumps(line) + "\n").encode())


def ask(call):
    messages = [{"role": "user", "content": call["text"]}]
    if not call["stream"]:
        return client.chat.completions.create(model="m", messages=messages).choices[0].message.content
    chunks = client.chat.completions.create(model="m", messages=messages, stream=True)
    return "".join(chunk.choices[0].delta.content for chunk in chunks)


def run(calls):
    for call in calls:
        time.sleep(call["pauseMs"] / 1000)
        note(e="begin", id=call["id"])
        try:
            said = ask(call)
        except Exception as error:
            note(e="end", id=call["id"], ok=False, error=f"{type(error).__name__}: {error} {error.__cause__ or ''}"[:300])
            continue
        if said == call["expected"]:
            note(e="end", id=call["id"], ok=True)
        else:
            note(e="end", id=call["id"], ok=False, error=f"another answer: {said[:200]}")


note(e="up")
while not os.path.exists(go):
    time.sleep(0.005)
threads = [threading.Thread(target=run, args=(calls,)) for calls in lanes]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
note(e="done")
