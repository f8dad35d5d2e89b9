# As start.mjs.
import re
import sys

words = {}


def count(text):
    for word in re.split(r"\W+", text):
        words[word] = words.get(word, 0) + 1
    return len(words)


def top(n):
    return sorted(words.items(), key=lambda item: -item[1])[:n]


with open(__file__) as file:
    count(file.read())
sys.stdout.write("\n".join("%s: %d" % item for item in top(3)) + "\n")
