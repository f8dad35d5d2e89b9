"""Google ADK: agents run plain, in a thread and streamed, one that asks another one, one that hands over, and some at once."""
import asyncio
import time

from google.adk.agents import LlmAgent, ParallelAgent, RunConfig, SequentialAgent
from google.adk.agents.run_config import StreamingMode
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.adk.tools.agent_tool import AgentTool
from google.genai import types

from tool_log import timed

model = LiteLlm(model="openai/gpt-4.1")


async def get_weather(city: str) -> dict:  # tool: get_weather
    """Get the weather for a city."""
    with timed("get_weather"):
        await asyncio.sleep(0.12)
        return {"weather": f"light rain in {city}"}


def find_museums(city: str) -> str:  # tool: find_museums
    """Find the museums of a city."""
    with timed("find_museums"):
        time.sleep(0.15)
        return f"three museums in {city}"


async def find_trains(city: str) -> str:  # tool: find_trains
    """Find the trains to a city."""
    with timed("find_trains"):
        await asyncio.sleep(0.09)
        raise ConnectionError("the railway does not answer")


def on_error(tool, args, tool_context, error):
    return {"error": str(error)}


def guide():
    return LlmAgent(
        name="guide",
        model=model,
        description="Knows museums.",
        instruction="You know museums.",
        tools=[find_museums],
        disallow_transfer_to_parent=True,
    )


planner = LlmAgent(name="planner", model=model, instruction="You plan day trips.", tools=[get_weather, find_trains], on_tool_error_callback=on_error)
host = LlmAgent(name="host", model=model, instruction="You are a host.", tools=[AgentTool(guide())])
clerk = LlmAgent(name="clerk", model=model, instruction="You send people on.", sub_agents=[guide()])
writers = [LlmAgent(name=name, model=model, instruction="You write postcards.") for name in ("ann", "bob")]
desk = SequentialAgent(name="desk", sub_agents=[ParallelAgent(name="both", sub_agents=writers), LlmAgent(name="editor", model=model, instruction="You pick one.")])


def ask(question):
    return types.Content(role="user", parts=[types.Part(text=question)])


def texts(event):
    return [part.text for part in (event.content.parts if event.content else []) if part.text]


async def run(agent, question, config=None):
    runner = InMemoryRunner(agent=agent, app_name="app")
    session = await runner.session_service.create_session(app_name="app", user_id="me")
    async for event in runner.run_async(user_id="me", session_id=session.id, new_message=ask(question), run_config=config):  # llm
        if event.is_final_response():
            print(event.author, texts(event))


async def main():
    await run(planner, "What should I do in Bergen tomorrow?")
    await run(guide(), "Which museum?", RunConfig(streaming_mode=StreamingMode.SSE))
    await run(host, "What should I see?")
    await run(clerk, "Who knows museums?")
    await run(desk, "Write a postcard.")


runner = InMemoryRunner(agent=guide(), app_name="app")
session = asyncio.run(runner.session_service.create_session(app_name="app", user_id="me"))
for event in runner.run(user_id="me", session_id=session.id, new_message=ask("Which other museum?")):  # llm
    print(event.author, texts(event))
asyncio.run(main())
