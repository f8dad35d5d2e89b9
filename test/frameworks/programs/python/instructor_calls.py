"""Instructor: objects from answers, plain, asynchronous and at once, in parts and one after the other, by tool calls and by JSON."""
import asyncio

import instructor
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel


class Plan(BaseModel):
    city: str
    days: int


def user(text):
    return [{"role": "user", "content": text}]


client = instructor.from_openai(OpenAI())


async def main():
    client = instructor.from_openai(AsyncOpenAI())
    plan = await client.chat.completions.create(model="gpt-4.1", messages=user("How long?"), response_model=Plan)  # llm
    print(plan)
    texts = ("One?", "Two?")
    print(await asyncio.gather(*[client.chat.completions.create(model="gpt-4.1", messages=user(text), response_model=Plan) for text in texts]))  # llm
    async for part in client.chat.completions.create_partial(model="gpt-4.1", messages=user("And in parts?"), response_model=Plan):  # llm
        pass
    print(part)


print(client.chat.completions.create(model="gpt-4.1", messages=user("How long should I stay?"), response_model=Plan))  # llm
for part in client.chat.completions.create_partial(model="gpt-4.1", messages=user("Where should I stay?"), response_model=Plan):  # llm
    pass
print(part)
for plan in client.chat.completions.create_iterable(model="gpt-4.1", messages=user("Where else?"), response_model=Plan):  # llm
    print(plan)
plan, raw = client.chat.completions.create_with_completion(model="gpt-4.1", messages=user("And then?"), response_model=Plan)  # llm
print(plan, raw.usage.total_tokens)
asyncio.run(main())
