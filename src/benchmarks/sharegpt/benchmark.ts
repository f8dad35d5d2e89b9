/** ShareGPT: questions that people asked a chatbot. One turn, no tools, nothing to score: what agents are compared with. */
import type { Environment, Task } from '../../agents/agent.ts';
import type { Benchmark, BenchmarkItem } from '../benchmark.ts';
import { sourceNotes } from '../itemFile.ts';
import { loadTurns, type ChatTurn } from './conversations.ts';

const NO_TOOLS: Environment = { tools: [], fork: () => NO_TOOLS };

export const sharegpt: Benchmark = {
  name: 'sharegpt',
  title: 'ShareGPT',
  metric: 'none',
  agents: ['chat'],
  async open({ file }) {
    const { turns, source, leftOut } = await loadTurns(file);
    const notes =
      file === null
        ? ['The questions are made up, as long as ShareGPT’s are on average; how widely their lengths spread is an assumption.']
        : [...sourceNotes(source), ...(leftOut > 0 ? [`${leftOut} conversations were left out, as vLLM's benchmark does: they do not begin with a question and its answer, or are very short or long.`] : [])];
    return { items: turns.map(chatItem), source, notes };
  },
  startStandIns: null,
};

function chatItem({ id, prompt, answerTokens }: ChatTurn): BenchmarkItem {
  const task: Task = { id, question: prompt, instructions: '', answerForm: '', openEnvironment: () => NO_TOOLS, examples: [], reward: null };
  return { task, answerTokens, score: () => Promise.resolve({ value: null, parts: {} }) };
}
