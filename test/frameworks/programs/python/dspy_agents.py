"""DSPy: predictors alone, ReAct with tools and a failing one, called and awaited, and a module of the user's own around it."""
import asyncio
import os
import time

import dspy

from tool_log import timed

dspy.configure(lm=dspy.LM("openai/gpt-4.1", api_base=os.environ["OPENAI_BASE_URL"], cache=False))


def get_weather(city: str) -> str:  # tool: get_weather
    """Get the weather for a city."""
    with timed("get_weather"):
        time.sleep(0.12)
        return f"light rain in {city}"


def find_trains(city: str) -> str:  # tool: find_trains
    """Find the trains to a city."""
    with timed("find_trains"):
        time.sleep(0.09)
        raise ConnectionError("the railway does not answer")


async def find_museums(city: str) -> list[str]:  # tool: find_museums
    """Find the museums of a city."""
    with timed("find_museums"):
        await asyncio.sleep(0.15)
        return [f"Museum of {city}", "Museum of Art"]


class Concierge(dspy.Module):
    def __init__(self):
        super().__init__()
        self.planner = dspy.ReAct("question -> answer", tools=[get_weather, find_trains])

    def forward(self, question):
        return self.planner(question=question)  # llm


async def main():
    guide = dspy.ReAct("question -> answer", tools=[find_museums])
    print((await guide.acall(question="Which museum?")).answer)  # llm
    answers = await asyncio.gather(*[dspy.Predict("question -> answer").acall(question=question) for question in ("One?", "Two?")])  # llm
    print([answer.answer for answer in answers])


print(dspy.Predict("question -> answer")(question="Say something about Bergen.").answer)  # llm
print(dspy.ChainOfThought("question -> answer")(question="And about Oslo?").answer)  # llm
print(Concierge()(question="What should I do in Bergen tomorrow?").answer)
asyncio.run(main())
