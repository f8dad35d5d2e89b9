/** HotpotQA (Yang et al., 2018): questions that take facts of more than one article. */
import type { Task } from '../../agents/agent.ts';
import type { Benchmark, BenchmarkItem } from '../benchmark.ts';
import { sourceNotes } from '../itemFile.ts';
import { EXAMPLES } from './examples.ts';
import { MediaWiki } from './mediaWiki.ts';
import { loadQuestions, type HotpotQuestion } from './questions.ts';
import { scoreAnswer } from './score.ts';
import { wikiEnvironment } from './tools.ts';
import { startWikiServer } from './wikiServer.ts';

const INSTRUCTIONS = `You answer questions by looking facts up in an encyclopedia. The questions are built so that one article is seldom enough: you usually need to find one fact, and use it to find the next one.

- search finds articles by words. Use it when you do not know the title of the article that you need. It returns titles, each with the beginning of the article.
- lookup opens one article by its title. Give it a keyword as well to get only the first sentence and the sentences that contain this word. A keyword is a single word, such as "born", "founded" or "capital".

Read what a tool has found with care, and trust it more than what you remember. When a tool finds nothing, try other words, a shorter title or another spelling. Never make up facts that no article has given you. When the articles do not hold the answer, it is "unknown".`;

const ANSWER_FORM = 'The answer is as short as it can be: a name, a place, a year, a number, or yes or no. It has no full stop and no explanation.';

export const hotpotqa: Benchmark = {
  name: 'hotpotqa',
  title: 'HotpotQA',
  metric: 'exact match',
  agents: ['cot', 'react', 'reflexion', 'lats', 'llmcompiler'],
  async open({ file }) {
    const { questions, source } = await loadQuestions(file);
    const { WIKI_API_URL: url, WIKI_USER_AGENT: userAgent } = process.env;
    const wiki = new MediaWiki({ ...(url === undefined ? {} : { url }), ...(userAgent === undefined ? {} : { userAgent }) });
    return { items: questions.map((question, index) => hotpotItem(question, index, wiki)), source, notes: sourceNotes(source) };
  },
  async startStandIns() {
    const server = await startWikiServer();
    return {
      environment: { WIKI_API_URL: server.url },
      notes: ["A small encyclopedia of our own stands in for Wikipedia; each of its answers takes about 1.2 s, as Wikipedia's did in the paper."],
      close: () => server.close(),
    };
  },
};

/** The task of one question, with an encyclopedia. */
export function hotpotItem(question: HotpotQuestion, index: number, wiki: MediaWiki): BenchmarkItem {
  const task: Task = {
    id: question._id ?? `hotpotqa-${index + 1}`,
    question: question.question,
    instructions: INSTRUCTIONS,
    answerForm: ANSWER_FORM,
    openEnvironment: () => wikiEnvironment(wiki),
    examples: EXAMPLES,
    // As in Reflexion (Shinn et al., 2023, section 4.2) and LATS (Zhou et al., 2024, section 5.1): whether the answer is right.
    reward: (answer) => Promise.resolve(scoreAnswer(answer, question.answer).exactMatch ? 1 : 0),
  };
  return {
    task,
    score(answer) {
      const { exactMatch, f1 } = scoreAnswer(answer ?? '', question.answer);
      return Promise.resolve({ value: exactMatch ? 1 : 0, parts: { em: exactMatch ? 1 : 0, f1 } });
    },
  };
}
