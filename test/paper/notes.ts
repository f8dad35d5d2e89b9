/** What stands beside the table: what was fitted on which rows, what is assumed, and what is not recomputed. */
import { GPU_TIME } from '../../src/experiments/paper/published.ts';
import type { Fitted } from './recompute.ts';
import { CHAT_PROMPT_TOKENS, CHAT_SIGMA, REACT_CALLS, REACT_TOOL_CALLS } from './workloads.ts';

export function notes({ chatAnswerTokens, reactAnswerTokens, toolSeconds }: Fitted): string[] {
  return [
    'Constants: profiles/gpu/a100-40gb.json, profiles/engine/vllm-v0.json, profiles/model/llama-3.1-*.json, each with its source; the same for all rows.',
    'Fitted on figures of the paper (these rows say nothing of how good the simulator is):',
    '  decodeWatts 260 and prefillWatts 340 on the three 8B rows of Table III: two constants, three rows',
    `  a chat's mean answer, ${chatAnswerTokens} tokens, on Table III's 8B ShareGPT latency; their spread (lognormal, σ ${CHAT_SIGMA.toFixed(2)}) on Figure 7's 9.7 s as 95th percentile`,
    `  a ReAct call's answer, ${reactAnswerTokens} tokens, on Section IV-C's 9.6 s`,
    `  the agents' tools, ${toolSeconds.Reflexion.toFixed(2)} s a step for Reflexion and ${toolSeconds.LATS.toFixed(2)} s for LATS, on Figure 6's mean idle share of ${(100 * GPU_TIME.idle).toFixed(1)} % (8B); the same seconds at 70B`,
    'Taken from the paper or assumed:',
    `  ReAct makes ${REACT_CALLS} calls and ${REACT_TOOL_CALLS} tool calls of 1.2 s, as 54.5 % of 9.6 s idle allow; prompts of 1,000 tokens grow to 3.5 times that, all but 50 tokens of the first the same for all`,
    '  Reflexion and LATS are such attempts one after the other; LATS has 5 calls at once (the authors\' published configuration)',
    `  chats' prompts have ${CHAT_PROMPT_TOKENS} tokens on average (vLLM pull request #18566), of which one block of 16 is the template's`,
    '  prompts are read whole, before anyone goes on writing, as the text of Figure 11 describes it; vLLM 0.6 reads in chunks where a context of over 32k tokens is allowed, and the paper does not say what was',
    '  a peak is where the mean latency is 2.1 times that of one at a time, as the paper says of ReAct',
    'Predicted: everything at 70B (tensor parallel on eight GPUs), what prefix caching saves, and all peaks.',
    'Not recomputed: latency and energy of Table III\'s agents, and WebShop: the paper does not say how many calls they make and how long these are.',
    'ReAct peaks lower than theirs: prompts that grow as the text of Figure 8 says leave no GPU for 2.6 QPS, so that those behind Figure 11 must have been shorter.',
    'At 70B the paper\'s agents draw more than its chats do, although their GPUs idle in between: with 65 W idle and at most 400 W for prompts, no decode power meets all three rows.',
  ];
}
