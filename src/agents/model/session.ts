/** One agent's talk with its model and its tools: streamed, counted, and given up when the run is aborted. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { AgentResult, AgentSetup, Environment, Observation, Tool, ToolCall } from '../agent.ts';
import { ContextError, explainModelError } from './errors.ts';
import { streamReply, type RawToolCall, type Reply } from './streamReply.ts';

/** Longest answer to one prompt; a thought and an action are far shorter. */
const MAX_ANSWER_TOKENS = 512;

export interface Request {
  messages: ChatCompletionMessageParam[];
  /** Offered by the API's own means. */
  tools?: readonly Tool[];
  /** 0 unless said: the same prompt gives the same answer. */
  temperature?: number;
  /** Which of several samples of one prompt this is. */
  sample?: number;
  /** Null: as long as the model will. */
  maxTokens?: number | null;
  stop?: string[];
  /** Gets the text so far whenever it has grown. */
  onText?: (text: string) => void;
  /** Gets each call of a tool as soon as it is complete, while later ones may still be written. */
  onToolCall?: (call: RawToolCall) => void;
}

export class Session {
  readonly setup: AgentSetup;
  readonly counts = { modelCalls: 0, toolCalls: 0 };

  constructor(setup: AgentSetup) {
    this.setup = setup;
  }

  get native(): boolean {
    return this.setup.model.toolCalling === 'native';
  }

  log(line: string): void {
    this.setup.log(line);
  }

  /**
   * Asks the model.
   * @throws ContextError when the prompt is longer than the model can read
   * @throws Error that names the server when it cannot be used
   */
  async ask(request: Request): Promise<Reply> {
    const { model, signal } = this.setup;
    signal.throwIfAborted();
    this.counts.modelCalls += 1;
    const { client } = model;
    try {
      return await streamReply(
        client,
        {
          model: model.name,
          messages: request.messages,
          ...(request.tools === undefined || request.tools.length === 0 ? {} : { tools: request.tools.map(({ name, description, parameters }) => ({ type: 'function' as const, function: { name, description, parameters: { ...parameters, additionalProperties: false } } })) }),
          temperature: request.temperature ?? 0,
          ...(request.maxTokens === null ? {} : { max_tokens: request.maxTokens ?? MAX_ANSWER_TOKENS }),
          ...(request.stop === undefined ? {} : { stop: request.stop }),
          ...(request.sample === undefined ? {} : { seed: request.sample }),
          stream: true,
        },
        { ...request, signal },
      );
    } catch (error) {
      signal.throwIfAborted();
      throw explainModelError(error, client.baseURL, request.tools !== undefined);
    }
  }

  /** Runs a tool. What the model got wrong is told to it. @throws Error when the world outside fails */
  async act(environment: Environment, { tool: name, arguments: args }: ToolCall): Promise<Observation> {
    this.setup.signal.throwIfAborted();
    const tool = findTool(environment.tools, name);
    if (tool === undefined) return { text: `There is no tool "${name}". Use ${environment.tools.map((known) => known.name).join(' or ')}.` };
    this.counts.toolCalls += 1;
    return tool.run(args, this.setup.signal);
  }

  /** An agent's result; a conversation that outgrew the model's context ends it without an answer. */
  async result(work: () => Promise<Omit<AgentResult, 'counts'>>): Promise<AgentResult> {
    try {
      return { ...(await work()), counts: this.counts };
    } catch (error) {
      if (!(error instanceof ContextError)) throw error;
      return { answer: null, end: 'context', trajectory: [], counts: this.counts };
    }
  }
}

/** By its name, in whatever case the model wrote it. */
export function findTool(tools: readonly Tool[], name: string): Tool | undefined {
  return tools.find((tool) => tool.name === name) ?? tools.find((tool) => tool.name.toLowerCase() === name.trim().toLowerCase());
}
