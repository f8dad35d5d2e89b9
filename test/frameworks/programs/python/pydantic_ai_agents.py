"""Pydantic AI: agents run synchronously, asynchronously, node by node and streamed, one that asks another one, and structured output."""
import asyncio
import time

from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, RunContext

from tool_log import timed


class Plan(BaseModel):
    city: str
    days: int


host = Agent("openai-chat:gpt-4.1", name="host", instructions="You are a host.")
planner = Agent("openai-chat:gpt-4.1", name="planner", instructions="You plan day trips.")
guide = Agent("openai-chat:gpt-4.1", instructions="You know museums.")
scheduler = Agent("openai-responses:gpt-4.1", name="scheduler", output_type=Plan)


@planner.tool_plain  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@planner.tool(retries=3)  # tool: find_trains
async def find_trains(context: RunContext[None], city: str) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        await asyncio.sleep(0.09)
        raise ModelRetry("the railway does not answer")


@host.tool_plain  # tool: ask_guide
async def ask_guide(question: str) -> str:
    """Ask the guide of a city."""
    with timed("ask_guide"):
        return (await guide.run(question)).output  # llm


@guide.tool_plain  # tool: find_museums
async def find_museums(city: str) -> list[str]:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return [f"Museum of {city}", "Museum of Art"]


async def main():
    print((await guide.run("Which museum?")).output)  # llm
    async with guide.run_stream("Which other museum?") as result:  # llm
        async for text in result.stream_text(delta=True):
            print(text, end="")
    print()
    async with guide.iter("And which one after that?") as run:
        async for node in run:  # llm
            print(type(node).__name__)
    answers = await asyncio.gather(*[guide.run(question) for question in ("Which of all?", "Which of two?")])  # llm
    print([answer.output for answer in answers])


print(planner.run_sync("What should I do in Bergen tomorrow?").output)  # llm
print(host.run_sync("What should I see?").output)  # llm
print(scheduler.run_sync("How long should I stay?").output)  # llm
asyncio.run(main())
