"""MCP: an agent whose tools are a server's: one started by it over stdio, one reached over HTTP, and one in its own process."""
import asyncio
import json
import multiprocessing
import os
import socket
import sys

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from openai import AsyncOpenAI

import mcp_server

HERE = os.path.dirname(os.path.abspath(__file__))
# What the server is to have of the environment, besides the little that it gets by itself.
PASSED = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TOOL_LOG")


async def ask(openai, server, question):
    tools = [
        {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema}}
        for tool in (await server.list_tools()).tools
    ]
    messages = [{"role": "user", "content": question}]
    while True:
        answer = (await openai.chat.completions.create(model="gpt-4.1", messages=messages, tools=tools)).choices[0].message  # llm
        if not answer.tool_calls:
            return answer.content
        messages.append(answer)
        calls = [server.call_tool(call.function.name, json.loads(call.function.arguments)) for call in answer.tool_calls]
        for call, result in zip(answer.tool_calls, await asyncio.gather(*calls)):  # asks
            text = "\n".join(part.text for part in result.content)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": text})


async def answers_at(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def main(port):
    local = StdioServerParameters(
        command=sys.executable,
        args=["mcp_server.py"],
        cwd=HERE,
        env={name: os.environ[name] for name in PASSED if name in os.environ},
    )
    async with AsyncOpenAI() as openai:
        async with Client(local) as server:
            print(await ask(openai, server, "What should I do in Bergen tomorrow?"))
        async with stdio_client(local) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            result = await session.call_tool("get_weather", {"city": "Oslo"})  # asks
            print(result.content[0].text)
        await answers_at(port)
        async with Client(f"http://127.0.0.1:{port}/mcp") as server:
            print(await ask(openai, server, "What should I do in Voss tomorrow?"))
        async with Client(mcp_server.mcp) as server:
            result = await server.call_tool("find_museums", {"city": "Oslo"})  # asks
            print(result.structured_content)


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    remote = multiprocessing.get_context("spawn").Process(target=mcp_server.serve_http, args=(port,), daemon=True)
    remote.start()
    asyncio.run(main(port))
    remote.kill()
    remote.join()
