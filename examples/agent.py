"""Plans a day out: asks the model, runs the tools that it calls, and asks again until it answers."""
import json
import os
import time

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("OPENAI_API_KEY", "none"),
)

TOWN = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "description": "The weather in a town tomorrow", "parameters": TOWN}},
    {"type": "function", "function": {"name": "museums", "description": "Museums open tomorrow in a town", "parameters": TOWN}},
]


def weather(town):
    time.sleep(0.4)  # stands for a slow service: what the GPU does meanwhile is on the timeline
    return {"town": town, "sky": "light rain until noon, then sun", "high": 17}


def museums(town):
    time.sleep(0.9)
    return {"town": town, "open": ["City Museum", "Museum of Printing", "Maritime Museum"]}


def think(messages):
    completion = client.chat.completions.create(
        model=os.environ.get("MODEL", "meta-llama/Llama-3.1-8B-Instruct"),
        messages=messages,
        tools=TOOLS,
        max_tokens=200,
    )
    return completion.choices[0].message


def main():
    messages = [
        {"role": "system", "content": "You plan day trips. Look things up before you answer."},
        {"role": "user", "content": "What should I do in Bergen tomorrow?"},
    ]
    for step in range(1, 6):
        message = think(messages)
        messages.append(message)
        if not message.tool_calls:
            print(message.content)
            return
        for call in message.tool_calls:
            town = json.loads(call.function.arguments)["town"]
            print(f"{step}. {call.function.name}({town})")
            result = {"weather": weather, "museums": museums}[call.function.name](town)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})


if __name__ == "__main__":
    main()
