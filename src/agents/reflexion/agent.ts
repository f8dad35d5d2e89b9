/** Reflexion (Shinn et al. 2023, algorithm 1): act, evaluate, reflect in words, and try again with the reflections in mind. */
import type { Agent } from '../agent.ts';
import { Session } from '../model/session.ts';
import { attempt, type Attempt } from '../react/agent.ts';
import { toSteps, turnsText } from '../react/turns.ts';
import { evaluate, reflect } from './evaluate.ts';
import { memoryText } from './memory.ts';

export const reflexion: Agent = {
  name: 'reflexion',
  // The paper's code for HotpotQA: 6 steps (hotpotqa_runs/agents.py: max_steps); its runs have 5 trials
  // (hotpotqa_runs/root/…/100_questions_5_trials). https://github.com/noahshinn/reflexion. Examples as ReAct's.
  defaults: { iterations: 6, reflections: 4, children: 1, rollouts: 1, fewShot: 2 },
  async solve(task, setup) {
    const session = new Session(setup);
    const { budget } = setup;
    return session.result(async () => {
      const reflections: string[] = [];
      let best: { tried: Attempt; reward: number } | null = null;
      for (let trial = 0; trial <= budget.reflections; trial++) {
        const tried = await attempt(session, task, budget, memoryText(reflections));
        const ending = { answer: tried.answer, outcome: tried.turns.at(-1)?.outcome ?? null };
        const text = turnsText(tried.turns, tried.environment.tools);
        const reward = await evaluate(session, task, ending, text);
        session.log(`Reward: ${reward}`);
        if (best === null || reward > best.reward || (reward === best.reward && tried.answer !== null)) best = { tried, reward };
        if (reward >= 1 || trial === budget.reflections) break;
        const reflection = await reflect(session, task, ending, text, reward);
        if (reflection !== '') reflections.push(reflection);
      }
      const { answer, end, turns } = best!.tried;
      return { answer, end, trajectory: toSteps(turns) };
    });
  },
};
