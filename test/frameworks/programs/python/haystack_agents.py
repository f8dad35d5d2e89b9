"""Haystack: a generator alone and streamed, agents with tools that run at once, one in a pipeline, one that asks another one."""
import asyncio
import time
from typing import Annotated

from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import AgentTool, Tool, tool

from tool_log import timed


@tool  # tool: get_weather
def get_weather(city: Annotated[str, "The city"]) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@tool  # tool: find_trains
def find_trains(city: Annotated[str, "The city"]) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


async def find_museums(city: str) -> str:  # tool: find_museums
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


def generator():
    return OpenAIChatGenerator(model="gpt-4.1")


city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
museums = Tool(name="find_museums", description="Find the museums of a city.", parameters=city, async_function=find_museums)
planner = Agent(chat_generator=generator(), tools=[get_weather, find_trains], system_prompt="You plan day trips.", raise_on_tool_invocation_failure=False)
guide = Agent(chat_generator=generator(), tools=[museums, get_weather], system_prompt="You know museums.")
clerk = Agent(chat_generator=generator(), tools=[get_weather], system_prompt="You know the weather.")
host = Agent(chat_generator=generator(), tools=[AgentTool(agent=clerk, name="ask_clerk", description="Ask the clerk.")], system_prompt="You are a host.")

prompt = [ChatMessage.from_user("Say something about {{city}}.")]
pipeline = Pipeline()
pipeline.add_component("prompt", ChatPromptBuilder(template=prompt, required_variables="*"))
pipeline.add_component("writer", generator())
pipeline.connect("prompt", "writer.messages")


def ask(question):
    return [ChatMessage.from_user(question)]


async def main():
    print((await guide.run_async(messages=ask("Which museum?")))["last_message"].text)  # llm
    print((await pipeline.run_async({"prompt": {"city": "Oslo"}}))["writer"]["replies"][0].text)  # llm


print(generator().run(ask("Hello?"))["replies"][0].text)  # llm
generator().run(ask("Hello again?"), streaming_callback=lambda chunk: print(chunk.content, end=""))  # llm
print()
print(pipeline.run({"prompt": {"city": "Bergen"}})["writer"]["replies"][0].text)  # llm
print(planner.run(messages=ask("What should I do in Bergen tomorrow?"))["last_message"].text)  # llm
print(host.run(messages=ask("What should I see?"))["last_message"].text)  # llm
asyncio.run(main())
