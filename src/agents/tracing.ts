/**
 * Traces of tasks by OpenTelemetry's conventions for agents (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/), for
 * whoever collects them: a span for each task, and the task's context with each call of the model, so that tasks that are worked on at
 * once can be told apart. Exported as OTLP over HTTP, in JSON
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request).
 */
import { randomBytes } from 'node:crypto';
import type { Environment, Model, Task, Tool } from './agent.ts';
import type { ToolUse } from './results.ts';
import { now } from './runLoad.ts';

const EXPORT_WITHIN_MS = 10_000;

/** The trace of one task. */
export class TaskTrace {
  readonly traceId = randomBytes(16).toString('hex');
  readonly spanId = randomBytes(8).toString('hex');
  /** When its tools were at work, in the order of their ends. */
  readonly toolUses: ToolUse[] = [];

  /** The same model, each call of which says that it belongs to the task (https://www.w3.org/TR/trace-context/#traceparent-header). */
  model(model: Model): Model {
    return { ...model, client: model.client.withOptions({ defaultHeaders: { traceparent: `00-${this.traceId}-${this.spanId}-01` } }) };
  }

  /** The same task, each use of whose tools is noted. */
  task(task: Task): Task {
    return { ...task, openEnvironment: () => this.#environment(task.openEnvironment()) };
  }

  #environment(environment: Environment): Environment {
    return { tools: environment.tools.map((tool) => this.#tool(tool)), fork: () => this.#environment(environment.fork()) };
  }

  #tool(tool: Tool): Tool {
    const run: Tool['run'] = async (args, signal) => {
      const startedAt = now();
      try {
        return await tool.run(args, signal);
      } finally {
        this.toolUses.push({ name: tool.name, startedAt, endedAt: now() });
      }
    };
    return { ...tool, run };
  }

  /** The span as it is exported. Times in milliseconds since 1970. @param agent name of the agent, with the task's id: what the trace is called */
  span(agent: string, startedAt: number, endedAt: number, error: string | null): object {
    const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': agent };
    return {
      traceId: this.traceId,
      spanId: this.spanId,
      name: `invoke_agent ${agent}`,
      kind: 1,
      startTimeUnixNano: nanoseconds(startedAt),
      endTimeUnixNano: nanoseconds(endedAt),
      attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } })),
      status: error === null ? {} : { code: 2, message: error },
    };
  }
}

/** Sends traces to a collector. What cannot be sent is told once, and changes nothing else. */
export class TraceExporter {
  readonly #url: string;
  readonly #pending = new Set<Promise<void>>();
  #failed = false;

  /** @param endpoint the collector's base address, as in `OTEL_EXPORTER_OTLP_ENDPOINT` */
  constructor(endpoint: string) {
    this.#url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  }

  send(span: object): void {
    const sending = this.#post([span]).finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
  }

  /** Resolves when nothing is under way. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #post(spans: object[]): Promise<void> {
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'agents' } }, { key: 'process.pid', value: { intValue: String(process.pid) } }] };
    try {
      const response = await fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'agents' }, spans }] }] }), signal: AbortSignal.timeout(EXPORT_WITHIN_MS) });
      await response.text();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      console.error(`Traces cannot be sent to ${this.#url}: ${error instanceof Error ? error.message : String(error)}. Tasks that are worked on at once are not told apart.`);
    }
  }
}

/** Of milliseconds, which as numbers hold less than nanoseconds since 1970 need. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1_000_000)));
}
