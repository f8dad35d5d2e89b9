"""AutoGen: an agent run plain and streamed, a team that hands over, and an agent that asks another one as its tool."""
import asyncio
import time

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination, TextMentionTermination
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_agentchat.teams import RoundRobinGroupChat, Swarm
from autogen_agentchat.tools import AgentTool
from autogen_core.models import UserMessage
from autogen_core.tools import FunctionTool
from autogen_ext.models.openai import OpenAIChatCompletionClient

from tool_log import timed

client = OpenAIChatCompletionClient(model="gpt-4.1")


async def get_weather(city: str) -> str:  # tool: get_weather
    """Get the weather for a city."""
    with timed("get_weather"):
        await asyncio.sleep(0.12)
        return f"light rain in {city}"


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


museums = FunctionTool(find_museums, description="Find the museums of a city.")
planner = AssistantAgent("planner", client, tools=[get_weather, find_trains], system_message="You plan day trips.", max_tool_iterations=5)
guide = AssistantAgent("guide", client, tools=[museums], system_message="You know museums.", model_client_stream=True, reflect_on_tool_use=True)
host = AssistantAgent("host", client, tools=[get_weather], handoffs=["guide"], system_message="You are a host.")
writer = AssistantAgent("writer", client, system_message="You write postcards.")
editor = AssistantAgent("editor", client, tools=[AgentTool(writer)], system_message="You edit postcards.", max_tool_iterations=3)


async def main():
    print((await client.create([UserMessage(content="Say something about Bergen.", source="user")])).content)  # llm
    print((await planner.run(task="What should I do in Bergen tomorrow?")).messages[-1].to_text())  # llm
    async for message in guide.run_stream(task="Which museum?"):  # llm
        if isinstance(message, ModelClientStreamingChunkEvent):
            print(message.content, end="")
    print()
    team = RoundRobinGroupChat([writer, editor], termination_condition=MaxMessageTermination(3), name="desk")
    async for message in team.run_stream(task="Write a postcard."):  # llm
        print(type(message).__name__)
    swarm = Swarm([host, guide], termination_condition=TextMentionTermination("clear up later"))
    result = await swarm.run(task="What should I see?")  # llm
    print([(type(message).__name__, message.source) for message in result.messages])
    await client.close()


asyncio.run(main())
