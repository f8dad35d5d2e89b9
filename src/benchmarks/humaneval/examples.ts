/** Worked examples for the agents' prompts, of our own making. */
import type { Example } from '../../agents/agent.ts';

const run = (thought: string, code: string, observation: string) => ({ thought, actions: [{ call: { tool: 'run_python', arguments: { code } }, observation }] });
const question = (code: string) => `Complete this function:\n\n\`\`\`python\n${code}\n\`\`\``;
const answer = (code: string) => `\`\`\`python\n${code}\n\`\`\``;
const PASSED = 'The program ended well and printed nothing: no assertion failed.';

const INITIALS = `def initials(name: str) -> str:
    return "".join(word[0].upper() + "." for word in name.split())`;

const SECOND_WRONG = `def second_largest(numbers: list):
    return sorted(numbers)[-2]`;
const SECOND = `def second_largest(numbers: list):
    distinct = sorted(set(numbers))
    return distinct[-2] if len(distinct) > 1 else None`;

const LONGEST_RUN = `def longest_run(text: str) -> int:
    longest = length = 0
    last = None
    for character in text:
        length = length + 1 if character == last else 1
        longest = max(longest, length)
        last = character
    return longest`;

const BALANCED_WRONG = `def is_balanced(brackets: str) -> bool:
    return all(brackets.count(opening) == brackets.count(closing) for opening, closing in ["()", "[]"])`;
const BALANCED = `def is_balanced(brackets: str) -> bool:
    partner = {")": "(", "]": "["}
    still_open = []
    for bracket in brackets:
        if bracket not in partner:
            still_open.append(bracket)
        elif not still_open or still_open.pop() != partner[bracket]:
            return False
    return not still_open`;

const ROTATED = `def rotated(grid: list) -> list:
    return [list(column) for column in zip(*grid[::-1])]`;

const ROMAN = `def roman(number: int) -> str:
    signs = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    written = ""
    for value, sign in signs:
        written += sign * (number // value)
        number %= value
    return written`;

export const EXAMPLES: readonly Example[] = [
  {
    question: question(`def initials(name: str) -> str:
    """ Return the initials of a name in upper case, each with a full stop.
    >>> initials("ada lovelace")
    'A.L.'
    """`),
    reasoning: 'The name is split at blanks, which also drops those at its ends. Of each word the first letter is put into upper case with a full stop behind it. An empty name has no words, so it gives an empty string.',
    steps: [
      run(
        'I split the name at blanks and take the first letter of each word. I try the example, one word, more blanks and no name at all.',
        `${INITIALS}

assert initials("ada lovelace") == "A.L."
assert initials("Plato") == "P."
assert initials("  grace   hopper ") == "G.H."
assert initials("") == ""`,
        PASSED,
      ),
    ],
    conclusion: 'The function holds for the example and the border cases.',
    plan: [],
    answer: answer(INITIALS),
  },
  {
    question: question(`def second_largest(numbers: list):
    """ Return the second largest of the different numbers in a list, or None if there is none.
    >>> second_largest([4, 1, 9])
    4
    """`),
    reasoning: 'The largest number may occur several times, so I look at different numbers only: a set, sorted. If it has fewer than two members there is no second largest, and the answer is None; otherwise it is the last but one.',
    steps: [
      run(
        'I sort the numbers and take the last but one. I try the example, and a list in which the largest number occurs twice.',
        `${SECOND_WRONG}

assert second_largest([4, 1, 9]) == 4
assert second_largest([5, 5, 3]) == 3`,
        'Traceback (most recent call last):\n  File "/work/program.py", line 5, in <module>\n    assert second_largest([5, 5, 3]) == 3\nAssertionError',
      ),
      run(
        'The docstring speaks of different numbers, so the test is right and the function wrong. I take the set of the numbers, and None where it is too small.',
        `${SECOND}

assert second_largest([4, 1, 9]) == 4
assert second_largest([5, 5, 3]) == 3
assert second_largest([7]) is None
assert second_largest([]) is None`,
        PASSED,
      ),
    ],
    conclusion: 'Now equal numbers and short lists come out right, too.',
    plan: [],
    answer: answer(SECOND),
  },
  {
    question: question(`def longest_run(text: str) -> int:
    """ Return how often the character is repeated that occurs most often in a row.
    >>> longest_run("aabbbc")
    3
    """`),
    reasoning: 'I go through the text and count how long the present run is: one more where the character is the last one again, else 1. The longest of these lengths is the answer. An empty text has no run, so the answer to it is 0.',
    steps: [
      run(
        'I keep the length of the present run and the longest one. I try the example, no text, one character, and a longest run at the end.',
        `${LONGEST_RUN}

assert longest_run("aabbbc") == 3
assert longest_run("") == 0
assert longest_run("x") == 1
assert longest_run("abcc") == 2
assert longest_run("abab") == 1`,
        PASSED,
      ),
    ],
    conclusion: 'Runs at the beginning, at the end and none at all come out right.',
    plan: [],
    answer: answer(LONGEST_RUN),
  },
  {
    question: question(`def is_balanced(brackets: str) -> bool:
    """ Is every bracket closed by its own kind, and in the right order? The text holds ( ) [ and ] only.
    >>> is_balanced("([])")
    True
    >>> is_balanced("([)]")
    False
    """`),
    reasoning: 'Counting is not enough, as the order matters. I keep a stack of the brackets that are still open. A closing one must fit the one on top, which is then taken off; if it does not, or the stack is empty, the answer is False. In the end nothing may be left open.',
    steps: [
      run(
        'Every kind should be opened as often as it is closed. I try the examples.',
        `${BALANCED_WRONG}

assert is_balanced("([])") is True
assert is_balanced("([)]") is False`,
        'Traceback (most recent call last):\n  File "/work/program.py", line 5, in <module>\n    assert is_balanced("([)]") is False\nAssertionError',
      ),
      run(
        'Counting says nothing of the order. I remember the brackets that are open, and each closing one must fit the last of them. I also try what is never closed, and what is closed first.',
        `${BALANCED}

assert is_balanced("([])") is True
assert is_balanced("([)]") is False
assert is_balanced("") is True
assert is_balanced("((") is False
assert is_balanced(")(") is False`,
        PASSED,
      ),
    ],
    conclusion: 'The order counts now, and neither open nor lone closing brackets pass.',
    plan: [],
    answer: answer(BALANCED),
  },
  {
    question: question(`def rotated(grid: list) -> list:
    """ Return a grid of rows turned clockwise by a quarter, as a new list of lists.
    >>> rotated([[1, 2], [3, 4]])
    [[3, 1], [4, 2]]
    """`),
    reasoning: 'Turned clockwise, the first column read from below becomes the first row. So I put the rows in the opposite order and exchange rows and columns, which zip does. Its tuples have to become lists.',
    steps: [
      run(
        'With the rows in the opposite order, the columns are the new rows. I try the example, a grid that is no square, an empty one, and whether the grid stays as it was.',
        `${ROTATED}

grid = [[1, 2], [3, 4]]
assert rotated(grid) == [[3, 1], [4, 2]]
assert grid == [[1, 2], [3, 4]]
assert rotated([[1, 2, 3]]) == [[1], [2], [3]]
assert rotated([]) == []`,
        PASSED,
      ),
    ],
    conclusion: 'Grids of any shape come out right, and the one given is left alone.',
    plan: [],
    answer: answer(ROTATED),
  },
  {
    question: question(`def roman(number: int) -> str:
    """ Write a number from 1 to 3999 in Roman numerals.
    >>> roman(14)
    'XIV'
    """`),
    reasoning: 'Roman numerals go from the largest value to the smallest. With 900, 400, 90, 40, 9 and 4 as signs of their own, each sign is written as often as its value fits into what is left, and what is left is the remainder.',
    steps: [
      run(
        'I take the signs from the largest on, those for 4 and 9 and their tens and hundreds included. I try the example, a year with all kinds of signs, and both ends.',
        `${ROMAN}

assert roman(14) == "XIV"
assert roman(1994) == "MCMXCIV"
assert roman(1) == "I"
assert roman(3999) == "MMMCMXCIX"`,
        PASSED,
      ),
    ],
    conclusion: 'Subtracted signs and both ends of the range are right.',
    plan: [],
    answer: answer(ROMAN),
  },
];
