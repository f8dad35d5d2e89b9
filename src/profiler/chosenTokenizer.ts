/** Finds what the embedded server counts tokens with. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { ModelProfile } from '../profile/hardwareProfiles.ts';
import { estimatingTokenizer } from '../simulator/tokens/estimatingTokenizer.ts';
import { readTokenizer, tokenizerInCache } from '../simulator/tokens/readTokenizer.ts';
import type { Tokenizer } from '../simulator/tokens/tokenizer.ts';
import { ProfilerError } from './profilerError.ts';

/** The choice to count by an estimate even where the model's tokenizer is at hand. */
const ESTIMATE = 'estimate';

export interface ChosenTokenizer {
  tokenizer: Tokenizer;
  /** Why one that is at hand is not used. */
  warning: { code: string; message: string } | null;
}

/**
 * @param choice path of a `tokenizer.json` or of its folder, from `folder`; `estimate`; undefined for the model's in Hugging Face's
 * cache, and an estimate where there is none
 * @throws ProfilerError when the one that was chosen cannot be read
 */
export function chosenTokenizer(choice: string | undefined, model: ModelProfile, folder: string): ChosenTokenizer {
  if (choice === ESTIMATE) return { tokenizer: estimatingTokenizer, warning: null };
  try {
    if (choice !== undefined) return { tokenizer: readTokenizer(resolve(folder, choice.replace(/^~(?=[/\\])/, homedir())), choice), warning: null };
    return { tokenizer: tokenizerInCache([model.name, ...model.aliases]) ?? estimatingTokenizer, warning: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (choice !== undefined) throw new ProfilerError('badTokenizer', `--tokenizer: ${message}`);
    return { tokenizer: estimatingTokenizer, warning: { code: 'tokenizerUnusable', message: `Tokens are estimated: ${message}` } };
  }
}

/** How tokens are counted, in a few words. */
export function tokensText({ vocabulary, estimatesChats }: Tokenizer): string {
  if (vocabulary === null) return 'tokens: estimated; --tokenizer takes the tokenizer.json of the model';
  return `tokens: by the tokenizer of ${vocabulary}${estimatesChats ? ', of conversations estimated, as no chat template lies beside it' : ''}`;
}
