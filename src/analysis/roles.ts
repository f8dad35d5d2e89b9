/** Whose words a prompt is made of (the paper's Figure 8), estimated from the lengths of its messages. */
import type { ReportSpan } from '../profile/report.ts';
import type { Draft } from './drafts.ts';
import type { Conversations } from './conversations.ts';

type Roles = NonNullable<NonNullable<ReportSpan['llm']>['roles']>;
type PromptRole = Exclude<keyof Roles, 'output'>;
const PROMPT_ROLES: readonly PromptRole[] = ['instruction', 'fewShot', 'user', 'llmHistory', 'toolHistory'];

/**
 * Sets `roles` of calls whose prompt's length is known.
 *
 * Few-shot examples are what stands before the last user message of a conversation's *first* call, instructions
 * apart: the agent had not run yet, so nobody said it. An earlier dialogue that a program restored looks the same, and
 * examples inside the instructions cannot be seen; hence `estimated`. Tool definitions count as instruction.
 */
export function setRoles(calls: readonly Draft[], { headOf }: Conversations): void {
  const first = calls.find((draft) => (draft.call?.start.request.messages.length ?? 0) > 0);
  for (const draft of calls) {
    const { llm } = draft.span;
    const request = draft.call?.start.request;
    if (llm === null || llm.promptTokens === null || request === undefined) continue;
    // Without digests no call is known to continue another; then the run's first prompt says what is an example.
    const hashed = request.messages.some((message) => message.hash !== null);
    const head = (hashed ? headOf.get(draft) : first) ?? draft;
    const examplesEnd = head.call?.start.request.messages.findLastIndex((message) => message.role === 'user') ?? -1;
    const characters: Record<PromptRole, number> = { instruction: request.toolsChars, fewShot: 0, user: 0, llmHistory: 0, toolHistory: 0 };
    request.messages.forEach((message, index) => {
      characters[promptRole(message.role, index < examplesEnd)] += Math.max(0, message.chars);
    });
    const scaled = scaleTo(characters, llm.promptTokens);
    if (scaled === null) continue;
    llm.roles = { ...scaled, output: llm.completionTokens };
    llm.rolesEvidence = 'estimated';
  }
}

function promptRole(role: string, example: boolean): PromptRole {
  if (role === 'system' || role === 'developer') return 'instruction';
  if (example) return 'fewShot';
  if (role === 'assistant') return 'llmHistory';
  return role === 'tool' || role === 'function' ? 'toolHistory' : 'user';
}

/** Whole numbers in proportion to the lengths, with exactly the given sum. */
function scaleTo(characters: Readonly<Record<PromptRole, number>>, tokens: number): Record<PromptRole, number> | null {
  const all = PROMPT_ROLES.reduce((sum, role) => sum + characters[role], 0);
  if (all <= 0) return null;
  const scaled: Record<PromptRole, number> = { instruction: 0, fewShot: 0, user: 0, llmHistory: 0, toolHistory: 0 };
  let before = 0;
  let given = 0;
  for (const role of PROMPT_ROLES) {
    before += characters[role];
    const upTo = Math.round((before / all) * tokens);
    scaled[role] = upTo - given;
    given = upTo;
  }
  return scaled;
}
