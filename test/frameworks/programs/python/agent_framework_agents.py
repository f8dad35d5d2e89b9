"""Microsoft Agent Framework: agents run plain, at once and streamed, one that asks another one, a sequence, a handoff."""
import asyncio
import time

from agent_framework import Agent, tool
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from agent_framework.orchestrations import HandoffBuilder, SequentialBuilder

from tool_log import timed

client = OpenAIChatClient(model="gpt-4.1")
completions = OpenAIChatCompletionClient(model="gpt-4.1")


@tool(approval_mode="never_require")  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@tool(approval_mode="never_require")  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


@tool(approval_mode="never_require")  # tool: find_trains
async def find_trains(city: str) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        await asyncio.sleep(0.09)
        raise ConnectionError("the railway does not answer")


planner = Agent(client, "You plan day trips.", name="planner", tools=[get_weather, find_trains])
guide = completions.as_agent(name="guide", instructions="You know museums.", tools=[find_museums])
host = client.as_agent(name="host", instructions="You are a host.", tools=[guide.as_tool(name="ask_guide")])
writer = client.as_agent(name="writer", instructions="You write postcards.")
editor = client.as_agent(name="editor", instructions="You edit postcards.")
clerk = client.as_agent(name="clerk", instructions="You send people on.", require_per_service_call_history_persistence=True)
expert = client.as_agent(name="expert", instructions="You know everything.", require_per_service_call_history_persistence=True)


async def main():
    print((await planner.run("What should I do in Bergen tomorrow?")).text)  # llm
    async for update in guide.run("Which museum?", stream=True):  # llm
        print(update.text or "", end="")
    print()
    answers = await asyncio.gather(*[guide.run(question) for question in ("Which other?", "Which third?")])  # llm
    print([answer.text for answer in answers])
    print((await host.run("What should I see?")).text)  # llm
    desk = SequentialBuilder(name="desk", participants=[writer, editor]).build()
    print(len((await desk.run("Write a postcard.")).get_outputs()))  # llm
    async for event in desk.run("Write another one.", stream=True):  # llm
        if event.type == "output":
            print(event.executor_id)
    counter = HandoffBuilder(name="counter", participants=[clerk, expert]).with_start_agent(clerk).add_handoff(clerk, [expert]).build()
    async for event in counter.run("I have a question.", stream=True):  # llm
        if event.type == "handoff_sent":
            print("handed over to", event.data.target)


asyncio.run(main())
