"""An MCP server: tools of all kinds, one of which asks a model itself."""
import asyncio
import time

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from openai import AsyncOpenAI

from tool_log import timed

mcp = MCPServer("Travel", log_level="ERROR")


@mcp.tool()  # tool: get_weather
def get_weather(city: str) -> str:
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


@mcp.tool()  # tool: find_museums
async def find_museums(city: str) -> list[str]:
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return [f"Museum of {city}", "Museum of Art"]


@mcp.tool()  # tool: find_trains
async def find_trains(city: str) -> str:
    """Find the trains to a city."""
    with timed("find_trains"):
        await asyncio.sleep(0.09)
        raise ToolError("the railway does not answer")


@mcp.tool()  # tool: ask_guide
async def ask_guide(question: str) -> str:
    """Ask the guide of a city."""
    with timed("ask_guide"):
        async with AsyncOpenAI() as client:
            answer = await client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": question}])  # llm
        return answer.choices[0].message.content


def serve_http(port):
    mcp.run(transport="streamable-http", port=port)


if __name__ == "__main__":
    mcp.run()
