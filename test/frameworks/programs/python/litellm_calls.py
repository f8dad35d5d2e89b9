"""LiteLLM: completions, plain, streamed, asynchronous and at once, a loop with tools, a router, and embeddings."""
import asyncio
import json
import time

import litellm
from litellm import Router, acompletion, aembedding, completion, embedding

from tool_log import timed

MODEL = "openai/gpt-4.1"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def get_weather(city):  # tool: get_weather
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


def find_trains(city):  # tool: find_trains
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


FUNCTIONS = {"get_weather": get_weather, "find_trains": find_trains}
TOOLS = [{"type": "function", "function": {"name": name, "description": "", "parameters": CITY}} for name in FUNCTIONS]


def user(text):
    return [{"role": "user", "content": text}]


def run(call):
    try:
        return FUNCTIONS[call.function.name](**json.loads(call.function.arguments))
    except ConnectionError as error:
        return f"error: {error}"


def plan(question):
    messages = user(question)
    while True:
        answer = completion(model=MODEL, messages=messages, tools=TOOLS).choices[0].message  # llm
        if not answer.tool_calls:
            return answer.content
        messages.append(answer)
        for call in answer.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": run(call)})


async def say(city):
    answer = await acompletion(model=MODEL, messages=user(f"Say something about {city}."))  # llm
    return answer.choices[0].message.content


async def main():
    print(await say("Oslo"))
    print(await asyncio.gather(say("Voss"), say("Bodø")))
    stream = await acompletion(model=MODEL, messages=user("Which one?"), stream=True)  # llm
    async for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="")
    print()
    router = Router(model_list=[{"model_name": "main", "litellm_params": {"model": MODEL}}])
    answer = await router.acompletion(model="main", messages=user("And now?"))  # llm
    print(answer.choices[0].message.content)
    print(len((await aembedding(model="openai/text-embedding-3-small", input=["Bergen"])).data))  # llm


print(plan("What should I do in Bergen tomorrow?"))
for chunk in completion(model=MODEL, messages=user("Say something."), stream=True):  # llm
    print(chunk.choices[0].delta.content or "", end="")
print()
for answer in litellm.batch_completion(model=MODEL, messages=[user("One?"), user("Two?")]):  # llm
    print(answer.choices[0].message.content)
print(len(embedding(model="openai/text-embedding-3-small", input=["Bergen"]).data))  # llm
asyncio.run(main())
