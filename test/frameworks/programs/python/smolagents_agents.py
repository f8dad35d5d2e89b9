"""smolagents: an agent that plans, calls tools at once and meets a failing one, one that manages another one, and one that writes code."""
import time

from smolagents import CodeAgent, LogLevel, OpenAIServerModel, Tool, ToolCallingAgent, tool

from tool_log import timed

model = OpenAIServerModel(model_id="gpt-4.1")


@tool  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city.

    Args:
        city: The city.
    """
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@tool  # tool: find_museums
def find_museums(city: str) -> str:
    """Find the museums of a city.

    Args:
        city: The city.
    """
    with timed("find_museums"):
        time.sleep(0.15)
        return f"three museums in {city}"


class FindTrains(Tool):
    name = "find_trains"
    description = "Find the trains to a city."
    inputs = {"city": {"type": "string", "description": "The city."}}
    output_type = "string"

    def forward(self, city: str) -> str:  # tool: find_trains
        with timed("find_trains"):
            time.sleep(0.09)
            raise ConnectionError("the railway does not answer")


@tool  # tool: find_ferries
def find_ferries(city: str) -> str:
    """Find the ferries to a city.

    Args:
        city: The city.
    """
    with timed("find_ferries"):
        time.sleep(0.08)
        return f"two ferries to {city}"


quiet = {"model": model, "verbosity_level": LogLevel.OFF, "max_steps": 6}
planner = ToolCallingAgent(tools=[get_weather, FindTrains()], name="planner", description="Plans day trips.", planning_interval=5, **quiet)
guide = ToolCallingAgent(tools=[find_museums], name="guide", description="Knows museums.", **quiet)
host = ToolCallingAgent(tools=[find_ferries], managed_agents=[guide], name="host", description="Is a host.", **quiet)
sailor = CodeAgent(tools=[find_ferries, get_weather], **quiet)

print(planner.run("What should I do in Bergen tomorrow?"))  # llm
print(host.run("What should I see?"))  # llm
for step in guide.run("Which museum?", stream=True):  # llm
    print(type(step).__name__)
print(sailor.run("How do I get there by sea?"))  # llm
