"""LangChain: the model alone, in a batch and streamed, an agent that asks another one as its tool, and tools that fail."""
import asyncio
import time

from langchain.agents import create_agent
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import BaseTool, ToolException, tool
from langchain_openai import ChatOpenAI

from tool_log import timed

model = ChatOpenAI(model="gpt-4.1")


@tool  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


class FindTrains(BaseTool):
    name: str = "find_trains"
    description: str = "Find the trains to a city."
    handle_tool_error: bool = True

    def _run(self, city: str) -> str:  # tool: find_trains
        with timed("find_trains"):
            time.sleep(0.09)
            raise ToolException("the railway does not answer")


@tool  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


guide = create_agent(model, [find_museums, get_weather], system_prompt="You know museums.", name="guide")


@tool  # tool: ask_guide
async def ask_guide(question: str) -> str:
    """Ask the guide of a city."""
    with timed("ask_guide"):
        answer = await guide.ainvoke({"messages": [{"role": "user", "content": question}]})  # llm
        return answer["messages"][-1].text


planner = create_agent(model, [get_weather, FindTrains()], system_prompt="You plan day trips.", name="planner")
host = create_agent(model, [ask_guide, get_weather], system_prompt="You are a host.", name="host")
chain = ChatPromptTemplate.from_messages([("user", "Say something about {city}.")]) | model


def ask(question):
    return {"messages": [{"role": "user", "content": question}]}


async def main():
    async for text in chain.astream({"city": "Oslo"}):  # llm
        print(text.text, end="")
    print()
    answers = await asyncio.gather(*[chain.ainvoke({"city": city}) for city in ("Oslo", "Bodø")])  # llm
    print([answer.text for answer in answers])
    print((await host.ainvoke(ask("What should I see?")))["messages"][-1].text)  # llm


print(chain.invoke({"city": "Bergen"}).text)  # llm
print([answer.text for answer in chain.batch([{"city": "Oslo"}, {"city": "Voss"}])])  # llm
print(planner.invoke(ask("What should I do in Bergen tomorrow?"))["messages"][-1].text)  # llm
for text, _ in planner.stream(ask("And the day after?"), stream_mode="messages"):  # llm
    print(text.text, end="")
print()
for answer in planner.batch([ask("And in a week?"), ask("And a year on?")]):  # llm
    print(answer["messages"][-1].text)
asyncio.run(main())
