"""LangGraph: a graph of the user's own with a node that calls the model, and the prebuilt agent, plain, asynchronous and streamed."""
import asyncio
import time
import warnings

from langchain_core.messages import SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent, tools_condition

from tool_log import timed

warnings.filterwarnings("ignore", message="create_react_agent has been moved")


@tool  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@tool  # tool: find_museums
async def find_museums(city: str) -> str:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return f"three museums in {city}"


@tool  # tool: find_trains
def find_trains(city: str) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


model = ChatOpenAI(model="gpt-4.1")


def call_model(state: MessagesState):
    messages = [SystemMessage("You plan day trips."), *state["messages"]]
    return {"messages": [model.bind_tools([get_weather, find_trains]).invoke(messages)]}  # llm


builder = StateGraph(MessagesState)
builder.add_node("model", call_model)
builder.add_node("tools", ToolNode([get_weather, find_trains], handle_tool_errors=True))
builder.add_edge(START, "model")
builder.add_conditional_edges("model", tools_condition)
builder.add_edge("tools", "model")
planner = builder.compile(name="planner")

guide = create_react_agent(model, [find_museums, get_weather], name="guide")


def ask(question):
    return {"messages": [{"role": "user", "content": question}]}


async def main():
    result = await guide.ainvoke(ask("Which museum?"))  # llm
    print(result["messages"][-1].content)
    async for update in guide.astream(ask("Which other museum?"), stream_mode="updates"):  # llm
        print(*update)
    async for _ in guide.astream(ask("And which one after that?"), stream_mode="messages"):  # llm
        pass


print(planner.invoke(ask("What should I do in Bergen tomorrow?"))["messages"][-1].content)
for update in planner.stream(ask("And the day after?")):
    print(*update)
asyncio.run(main())
