"""Anthropic's SDK: messages, plain and streamed, tools called by hand and by the SDK's runner, synchronous and not."""
import asyncio
import time

from anthropic import Anthropic, AsyncAnthropic, beta_async_tool, beta_tool

from tool_log import timed

client = Anthropic()
MODEL = {"model": "claude-sonnet-4-5", "max_tokens": 1024}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def user(text):
    return [{"role": "user", "content": text}]


def find_ferries(city):  # tool: find_ferries
    with timed("find_ferries"):
        time.sleep(0.08)
        return f"two ferries to {city}"


@beta_tool  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@beta_tool  # tool: find_trains
def find_trains(city: str) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


@beta_async_tool  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


def sail(question):
    messages = user(question)
    while True:
        answer = client.messages.create(**MODEL, messages=messages, tools=[{"name": "find_ferries", "input_schema": CITY}])  # llm
        if answer.stop_reason != "tool_use":
            return answer.content[0].text
        messages.append({"role": "assistant", "content": answer.content})
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": find_ferries(**call.input)} for call in answer.content]
        messages.append({"role": "user", "content": results})


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


async def main():
    async with AsyncAnthropic() as client:
        task = asyncio.create_task(client.messages.create(**MODEL, messages=user("Say something about Oslo.")))  # llm
        print(text_of(await task))
        async with client.messages.stream(**MODEL, messages=user("And about Voss?")) as stream:  # llm
            async for text in stream.text_stream:
                print(text, end="")
        print()
        runner = client.beta.messages.tool_runner(**MODEL, messages=user("Which museum?"), tools=[find_museums])
        async for message in runner:  # llm
            print(message.stop_reason)


print(sail("How do I get there by sea?"))
with client.messages.stream(**MODEL, messages=user("Say something about Bergen.")) as stream:  # llm
    for text in stream.text_stream:
        print(text, end="")
print()
runner = client.beta.messages.tool_runner(**MODEL, messages=user("What should I do in Bergen tomorrow?"), tools=[get_weather, find_trains])
print(text_of(runner.until_done()))  # llm
asyncio.run(main())
