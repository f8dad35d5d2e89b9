"""OpenAI's SDK: chat, responses and embeddings, plain and streamed, tools called by hand and by the SDK's runner, all at once and in threads."""
import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

from openai import AsyncOpenAI, OpenAI
from openai.lib.responses_tool_runner import RegisteredFunction, ResponsesToolRunner

from tool_log import timed

client = OpenAI()
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}


def get_weather(city):  # tool: get_weather
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


def find_trains(city):  # tool: find_trains
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


async def find_museums(city):  # tool: find_museums
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


def find_ferries(arguments):  # tool: find_ferries
    with timed("find_ferries"):
        time.sleep(0.08)
        return f"two ferries to {arguments['city']}"


def offered(*functions):
    return [{"type": "function", "function": {"name": function.__name__, "description": "", "parameters": CITY}} for function in functions]


def run(call):
    try:
        return {"get_weather": get_weather, "find_trains": find_trains}[call.function.name](**json.loads(call.function.arguments))
    except ConnectionError as error:
        return f"error: {error}"


def plan(question):
    messages = [{"role": "user", "content": question}]
    while True:
        answer = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=offered(get_weather, find_trains)).choices[0].message  # llm
        if not answer.tool_calls:
            return answer.content
        messages.append(answer)
        for call in answer.tool_calls:
            messages.append({"role": "tool", "tool_call_id": call.id, "content": run(call)})


async def guide(client, question):
    messages = [{"role": "user", "content": question}]
    while True:
        stream = await client.chat.completions.create(model="gpt-4.1", messages=messages, tools=offered(find_museums), stream=True)  # llm
        calls, text = {}, ""
        async for chunk in stream:
            delta = chunk.choices[0].delta
            text += delta.content or ""
            for part in delta.tool_calls or []:
                call = calls.setdefault(part.index, {"id": part.id, "type": "function", "function": {"name": part.function.name, "arguments": ""}})
                call["function"]["arguments"] += part.function.arguments or ""
        if not calls:
            return text
        messages.append({"role": "assistant", "content": None, "tool_calls": list(calls.values())})
        results = await asyncio.gather(*[find_museums(**json.loads(call["function"]["arguments"])) for call in calls.values()])
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": result} for call, result in zip(calls.values(), results)]


async def main():
    async with AsyncOpenAI() as client:
        embedding = client.embeddings.create(model="text-embedding-3-small", input="Which museum in Oslo?")  # llm
        museum, embedded = await asyncio.gather(guide(client, "Which museum in Oslo?"), embedding)
        print(museum, len(embedded.data))
        async with client.responses.stream(model="gpt-4.1", input="Say something about Bergen.") as stream:  # llm
            async for event in stream:
                if event.type == "response.output_text.delta":
                    print(event.delta, end="")
        print()
        task = asyncio.create_task(client.responses.create(model="gpt-4.1", input="And about Bodø?"))  # llm
        print((await task).output_text)


def say(city):
    return client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": f"Say something about {city}."}]).choices[0].message.content  # llm


print(plan("What should I do in Bergen tomorrow?"))
print(client.responses.create(model="gpt-4.1", input="Say something about Oslo.").output_text)  # llm
for chunk in client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Which one?"}], stream=True):  # llm
    print(chunk.choices[0].delta.content or "", end="")
print()
print(len(client.embeddings.create(model="text-embedding-3-small", input=["Bergen", "Oslo"]).data))  # llm
with ThreadPoolExecutor() as pool:
    print(list(pool.map(say, ["Oslo", "Voss"])))
ferries = {"type": "function", "name": "find_ferries", "description": "Find ferries.", "strict": True, "parameters": CITY}
runner = ResponsesToolRunner(functions=[RegisteredFunction(ferries, find_ferries)])
print(runner.run(client, {"model": "gpt-4.1", "input": "How do I get there by sea?"}, max_steps=3).output_text)  # llm
asyncio.run(main())
