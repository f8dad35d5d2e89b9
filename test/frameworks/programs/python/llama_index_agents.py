"""LlamaIndex: the model alone, agents with tools at once and a failing one, one that asks another one, streamed events, a handoff, and a workflow."""
import asyncio
import time

from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ToolCall
from llama_index.core.llms import ChatMessage
from llama_index.core.workflow import Event, StartEvent, StopEvent, Workflow, step
from llama_index.llms.openai import OpenAI

from tool_log import timed

llm = OpenAI(model="gpt-4.1")


def get_weather(city: str) -> str:  # tool: get_weather
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


async def find_trains(city: str) -> str:  # tool: find_trains
    """Find the trains to a city."""
    with timed("find_trains"):
        await asyncio.sleep(0.09)
        raise ConnectionError("the railway does not answer")


async def find_museums(city: str) -> str:  # tool: find_museums
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


async def ask_guide(question: str) -> str:  # tool: ask_guide
    """Ask the guide of a city."""
    with timed("ask_guide"):
        return str(await guide.run(user_msg=question))  # llm


guide = FunctionAgent(name="guide", description="Knows museums.", tools=[find_museums], llm=llm, can_handoff_to=[])
planner = FunctionAgent(name="planner", description="Plans day trips.", tools=[get_weather, find_trains], llm=llm)
host = FunctionAgent(name="host", description="Is a host.", tools=[ask_guide], llm=llm)


class Draft(Event):
    text: str


class Postcard(Workflow):
    @step
    async def write(self, event: StartEvent) -> Draft:
        return Draft(text=str(await llm.acomplete(event.topic)))  # llm

    @step
    async def improve(self, event: Draft) -> StopEvent:
        return StopEvent(result=str(await llm.acomplete(event.text)))  # llm


async def main():
    print(await planner.run(user_msg="What should I do in Bergen tomorrow?"))  # llm
    print(await host.run("What should I see?"))  # llm
    handler = guide.run(user_msg="Which museum?")  # llm
    async for event in handler.stream_events():
        if isinstance(event, ToolCall):
            print(event.tool_name)
    print(await handler)
    team = AgentWorkflow(agents=[planner, guide], root_agent="planner")
    print(await team.run(user_msg="Which other museum?"))  # llm
    print(await asyncio.gather(*[Postcard().run(topic=topic) for topic in ("Bergen", "Oslo")]))
    answers = await asyncio.gather(llm.acomplete("One?"), llm.achat([ChatMessage(role="user", content="Two?")]))  # llm
    print([str(answer) for answer in answers])


print(llm.complete("Say something about Bergen."))  # llm
for chunk in llm.stream_complete("And about Oslo?"):  # llm
    print(chunk.delta, end="")
print()
asyncio.run(main())
