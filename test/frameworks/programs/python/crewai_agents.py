"""CrewAI: a crew run plain, asynchronous and streamed, an agent without one, tools of both kinds, and a flow."""
import asyncio
import time

from crewai import LLM, Agent, Crew, Task
from crewai.flow.flow import Flow, listen, start
from crewai.tools import BaseTool, tool

from tool_log import timed

llm = LLM(model="openai/gpt-4.1")


@tool("get_weather")  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


class FindTrains(BaseTool):
    name: str = "Find Trains"
    description: str = "Find the trains to a city."

    def _run(self, city: str) -> str:  # tool: find_trains
        with timed("find_trains"):
            time.sleep(0.09)
            raise ConnectionError("the railway does not answer")


@tool("find_museums")  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


planner = Agent(role="Planner", goal="Plan day trips", backstory="You plan day trips.", llm=llm, tools=[get_weather, FindTrains()])
guide = Agent(role="Guide", goal="Show museums", backstory="You know museums.", llm=llm, tools=[find_museums])
plan = Task(name="plan", description="Plan a day in {city}.", expected_output="A plan.", agent=planner)
visit = Task(name="visit", description="Pick a museum in {city}.", expected_output="A museum.", agent=guide)
crew = Crew(name="trips", agents=[planner, guide], tasks=[plan, visit], tracing=False)


class Postcard(Flow):
    @start()
    def write(self):
        return guide.kickoff("Write a postcard.").raw  # llm

    @listen(write)
    def send(self, text):
        return llm.call(f"Where do I send this: {text}")  # llm


async def main():
    print((await Crew(name="visits", agents=[guide], tasks=[visit]).kickoff_async(inputs={"city": "Oslo"})).raw)  # llm
    print((await Crew(name="others", agents=[guide], tasks=[visit]).akickoff(inputs={"city": "Bodø"})).raw)  # llm
    print((await guide.kickoff_async("Which museum?")).raw)  # llm


print(llm.call("Say something about Bergen."))  # llm
print(crew.kickoff(inputs={"city": "Bergen"}).raw)  # llm
streamed = Crew(name="streamed", agents=[guide], tasks=[visit], stream=True).kickoff(inputs={"city": "Voss"})
for chunk in streamed:  # llm
    print(chunk.content, end="")
print()
print(Postcard(suppress_flow_events=True).kickoff())
asyncio.run(main())
