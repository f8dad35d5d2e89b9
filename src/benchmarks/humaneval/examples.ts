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
];
