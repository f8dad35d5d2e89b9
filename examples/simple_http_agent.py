"""Two calls to a model over plain HTTP: a draft, then a shorter version of it. Needs nothing but Python."""
import json
import os
import urllib.request

BASE_URL = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")


def ask(prompt):
    body = {
        "model": os.environ.get("MODEL", "meta-llama/Llama-3.1-8B-Instruct"),
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 120,
    }
    request = urllib.request.Request(
        BASE_URL.rstrip("/") + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "none")},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["choices"][0]["message"]["content"]


if __name__ == "__main__":
    draft = ask("Explain in five sentences why the sky is blue.")
    print("draft:", draft)
    print("short:", ask("Say this in one sentence: " + draft))
