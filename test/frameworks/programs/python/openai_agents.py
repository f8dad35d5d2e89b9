"""OpenAI Agents SDK: an agent with a synchronous and an asynchronous tool, run plain and streamed, and a handoff."""
import asyncio
import time

from agents import Agent, Runner, function_tool, set_tracing_disabled

from tool_log import timed

set_tracing_disabled(True)


@function_tool  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@function_tool  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


guide = Agent(name="Guide", instructions="You know museums.", model="gpt-4.1", tools=[find_museums])
planner = Agent(name="Planner", instructions="You plan day trips.", model="gpt-4.1", tools=[get_weather], handoffs=[guide])


async def main():
    result = await Runner.run(planner, "What should I do in Bergen tomorrow?")  # llm
    print(result.final_output)
    streamed = Runner.run_streamed(guide, "Which museum?")  # llm
    async for _ in streamed.stream_events():
        pass
    print(streamed.final_output)


asyncio.run(main())
