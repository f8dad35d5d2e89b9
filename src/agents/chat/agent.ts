/** No agent at all: one question, one answer. What agents are compared with. */
import type { Agent } from '../agent.ts';
import { Session } from '../model/session.ts';

export const chat: Agent = {
  name: 'chat',
  defaults: { iterations: 1, reflections: 0, children: 1, rollouts: 1, fewShot: 0 },
  async solve(task, setup) {
    const session = new Session(setup);
    return session.result(async () => {
      const { text } = await session.ask({ messages: [{ role: 'user', content: task.question }], maxTokens: null });
      session.log(text);
      return { answer: text === '' ? null : text, end: text === '' ? 'budget' : 'answered', trajectory: [{ thought: text, actions: [] }] };
    });
  },
};
