/** A task of facts for the agents' tests: a tool that knows some, and counts how it is used. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment, Observation, Task, Tool } from '../../src/agents/agent.ts';

const FACTS: Record<string, string> = { river: 'The river is the Nervión.', city: 'The city is Bilbao.', museum: 'The museum stands in Bilbao.' };

export interface SmallWorld {
  task: Task;
  /** Every use, with when it began and ended. */
  used: { fact: string; startMs: number; endMs: number }[];
  /** Environments that were opened or forked. */
  environments: () => number;
}

interface WorldOptions {
  feedback?: boolean;
  toolMs?: number;
  /** Each branch has an environment of its own, which calls change. */
  stateful?: boolean;
  /** Told of each use when it begins, and waited for before it ends. */
  during?: (fact: string) => Promise<unknown> | undefined;
  /** Told of each use when it has ended. */
  onEnd?: (fact: string) => void;
}

export function smallWorld({ feedback = true, toolMs = 1, stateful = true, during, onEnd }: WorldOptions = {}): SmallWorld {
  const used: SmallWorld['used'] = [];
  let environments = 0;
  const open = (): Environment => {
    environments += 1;
    const recall: Tool = {
      name: 'recall',
      description: 'Recall a fact by its name.',
      parameters: { type: 'object', properties: { fact: { type: 'string', description: 'Its name.' } }, required: ['fact'] },
      async run({ fact }): Promise<Observation> {
        if (typeof fact !== 'string' || fact === '') return { text: 'recall takes the name of a fact.' };
        const startMs = performance.now();
        await (during?.(fact) ?? delay(toolMs));
        used.push({ fact, startMs, endMs: performance.now() });
        onEnd?.(fact);
        return { text: FACTS[fact] ?? `No fact is called "${fact}".` };
      },
    };
    const environment: Environment = { tools: [recall], fork: () => (stateful ? open() : environment) };
    return environment;
  };
  return {
    used,
    environments: () => environments,
    task: {
      id: 'small',
      question: 'On which river lies the city of the museum?',
      instructions: 'Answer from facts.',
      answerForm: 'The answer is a name.',
      openEnvironment: open,
      examples: [
        {
          question: 'Where does the museum stand?',
          reasoning: 'The museum stands in Bilbao.',
          steps: [{ thought: 'I recall the museum.', actions: [{ call: { tool: 'recall', arguments: { fact: 'museum' } }, observation: 'The museum stands in Bilbao.' }] }],
          conclusion: 'It stands in Bilbao.',
          plan: [{ tool: 'recall', arguments: { fact: 'museum' } }],
          answer: 'Bilbao',
        },
      ],
      reward: feedback ? (answer) => Promise.resolve(answer === 'Nervión' ? 1 : 0) : null,
    },
  };
}
