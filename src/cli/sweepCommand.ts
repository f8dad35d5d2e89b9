/** `agent-cost sweep`: the user's own agent over a file of questions, as it is or in variants, each run under the profiler. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { meanOf } from '../experiments/statistics.ts';
import type { TaskRow } from '../experiments/table/columns.ts';
import { formatDuration } from '../profile/formatValue.ts';
import { findExecutable } from '../instrument/findExecutable.ts';
import { newFolderPath } from '../recorder/recordingNames.ts';
import { RECORDINGS_FOLDER } from '../recorder/recordingsFolder.ts';
import { accounting } from './accountingOptions.ts';
import { addProfilingOptions, profilingOptions, type ProfilingFlags, wholeNumber } from './profilingOptions.ts';
import { ProgressLine, timeLeftMs } from './progressLine.ts';
import { programName } from '../recorder/runName.ts';
import { shardOption } from './shardOption.ts';
import { shownPath } from './shownPath.ts';
import { placeholders } from './sweep/commandTemplate.ts';
import { Journal } from './sweep/journal.ts';
import { runOne } from './sweep/oneRun.ts';
import { planRuns, runPool, type SweepRun } from './sweep/plan.ts';
import { printSweep } from './sweep/print.ts';
import { parseQuestions, QuestionsError, type Question } from './sweep/questions.ts';
import { COMPARISON_NAMES, scorerOf, withoutAnswer } from './sweep/scoring.ts';
import { combine, parseVariants, parseVary, VariantsError } from './sweep/variants.ts';
import { tableFormat, writeTable } from './table/tableFile.ts';
import { UsageError } from './usageError.ts';

interface SweepFlags extends Omit<ProfilingFlags, 'backend'> {
  questions: string;
  n?: string;
  vary: string[];
  variants?: string;
  backend: string[];
  score?: string;
  stdin?: true;
  repeats: string;
  parallel: string;
  shard: string;
  timeout?: string;
  resume?: true;
  table?: string;
  verbose?: true;
  json?: true;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Open question files are small; a larger one is a mistake. */
const LARGEST_QUESTIONS = 200_000_000;

export function addSweepCommand(root: Command): Command {
  const command = root
    .command('sweep')
    .description('run your own agent once for each question of a file, as it is and in variants, each under the profiler: recordings, a table, and what each variant costs and is worth')
    .argument('<command...>', 'the program and its arguments, after --; {question} and other fields of the questions are put in where they stand')
    .passThroughOptions()
    .requiredOption('--questions <file>', 'a question each: .jsonl or .json (objects with a field question, or texts), .csv with a head, or a text with a question in each line');
  addProfilingOptions(command, 'several')
    .option('--n <count>', 'only the first so many questions')
    .option('--vary <name=a,b,…>', 'run it with each of these values of an environment variable; several make all combinations', collect, [])
    .option('--variants <file>', 'a JSON file of named variants: {"short": {"PROMPT": "…", "MAX_STEPS": 5}, …}')
    .option('--score <how>', `how right an answer is: ${COMPARISON_NAMES.join(', ')} (against the field answer), or a command that reads JSON on stdin and writes a number from 0 to 1`)
    .option('--stdin', 'hand the question to the program on its stdin')
    .option('--repeats <n>', 'do it all so often, for means with 95 % confidence intervals', '1')
    .option('--parallel <n>', 'so many programs at once', '1')
    .option('--timeout <seconds>', 'end a program that takes longer, as failed')
    .option('--shard <i/n>', 'only the i-th of n parts of the questions; put their tables together with merge', '1/1')
    .option('--resume', 'go on with the sweep in the folder --out: what is done is not done again')
    .option('--table <file>', 'table to write, .csv or .parquet: a row for each run (default: table.csv in the folder)')
    .option('--verbose', "the programs' stderr, on ours")
    .option('--json', 'print only the settings, their figures and the rows as JSON on stdout')
    .addHelpText(
      'after',
      `
The last line that a program writes on stdout is its answer. --out is the folder of the sweep (default: ${RECORDINGS_FOLDER}/NAME-DATE-TIME).
A score command gets {"id", "question", "output", "answer", "variant", "recording"}.
Exit code: 0; 1 when a run failed; 2 for wrong usage; 128+n when stopped by signal n (go on with --resume).

Examples:
  $ agent-cost sweep --questions questions.jsonl --score f1 -- python my_agent.py {question}
  $ agent-cost sweep --questions q.csv --vary MAX_STEPS=3,5,10 --backend http://gpu-box:8000/v1 --parallel 4 --score "python score.py" -- python my_agent.py {question}`,
    );
  command.action(async (words: string[], flags: SweepFlags) => {
    process.exitCode = await sweep(words, flags);
  });
  return command;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

/** @returns the exit code. @throws UsageError or ProfilerError */
async function sweep(command: string[], flags: SweepFlags): Promise<number> {
  const [program = ''] = command;
  const found = findExecutable(program, process.env, process.cwd());
  if (found === null) throw new UsageError(`${program}: command not found. Check its spelling, or give its full path.`);
  const byStdin = flags.stdin === true;
  if (process.platform === 'win32' && !/\.exe$/i.test(found)) throw new UsageError(`${program} is run by the system's command shell, which must not see questions as words. Name the program itself, such as python.exe or node.exe.`);
  const { questions, text } = readQuestions(flags);
  const variants = usable(() => combine([...(flags.variants === undefined ? [] : [parseVariants(readText('--variants', flags.variants), flags.variants)]), ...flags.vary.map(parseVary)]));
  usable(() => placeholders(command, questions, byStdin));
  const backends = flags.backend.length === 0 ? ['sim'] : [...new Set(flags.backend)];
  const agent = programName(command);
  const experiment = flags.name ?? `${agent}-${basename(flags.questions).replace(/\.\w+$/, '')}`;
  const charged = accounting(flags);
  const shard = shardOption(flags.shard);
  const timeoutMs = flags.timeout === undefined ? null : 1000 * wholeNumber('--timeout', flags.timeout, 1, 1_000_000);
  const parallel = wholeNumber('--parallel', flags.parallel, 1, 1000);
  const runs = planRuns({ questions, variants, backends, repeats: wholeNumber('--repeats', flags.repeats, 1, 1000), shard });
  if (runs.length === 0) throw new UsageError(`--shard ${flags.shard}: of ${questions.length} questions none is in this part.`);
  const profilingFlags = (backend: string): ProfilingFlags => ({ ...flags, backend });
  // What is wrong with them is told before anything runs.
  for (const backend of backends) profilingOptions({ ...profilingFlags(backend), out: 'unused.agentcost' }, command, experiment);
  if (flags.table !== undefined) tableFormat('--table', flags.table);

  const folder = openFolder(flags, experiment);
  const journal = new Journal(folder, { command, questions: createHash('sha256').update(text).digest('hex'), score: flags.score ?? null, stdin: byStdin }, flags.resume === true);
  const stop = new AbortController();
  const stopped: { by: NodeJS.Signals | null } = { by: null };
  const onSignal = (signal: NodeJS.Signals): void => {
    // Once more: at once.
    if (stopped.by !== null) process.exit(128 + constants.signals[signal]);
    stopped.by = signal;
    stop.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const table = flags.table ?? join(folder, 'table.csv');
  const rowsDone = (): TaskRow[] => runs.flatMap(({ key }) => journal.done.get(key) ?? []);
  const scorer = scorerOf(flags.score);
  const progress = new Progress(runs, journal);
  const notes = new Set<string>();
  try {
    const work = async (run: SweepRun): Promise<void> => {
      const done = await runOne(run, { flags: profilingFlags(run.backend), accounting: charged, command, agent, experiment, questions: basename(flags.questions), shard: `${shard.index}/${shard.count}`, folder, byStdin, timeoutMs, verbose: flags.verbose === true, scorer, stop: stop.signal });
      if (done === null) return;
      if (done.scoreError !== null) notes.add(done.scoreError);
      journal.add(run.key, done.row);
      progress.show();
    };
    await runPool(runs.filter(({ key }) => !journal.done.has(key)), parallel, work, () => stop.signal.aborted);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    progress.clear();
    // Of what is done, also where the server went away meanwhile.
    writeTable('--table', table, rowsDone());
  }
  const rows = rowsDone();
  const unanswerable = withoutAnswer(flags.score, questions);
  if (unanswerable > 0) notes.add(`${unanswerable === 1 ? 'One question has' : `${unanswerable} questions have`} no field "answer" to compare with: their runs have no score.`);
  if (rows.some((row) => row.simulated)) notes.add("The embedded server's answers are made up or a recording's: a score there says nothing of a model.");
  if (parallel > 1) notes.add(backends.some((backend) => backend.startsWith('sim')) ? 'Each run has an embedded server of its own: runs at once do not wait for each other.' : 'Runs were at work at once: what they made each other wait for is in their latencies.');
  printSweep({ experiment, rows, runs: runs.length, table: shownPath(table), folder: shownPath(folder), notes: [...notes], resumable: rows.length < runs.length }, flags.json === true);
  if (stopped.by !== null) return 128 + constants.signals[stopped.by];
  return rows.some(({ error }) => error !== null) ? 1 : 0;
}

function readQuestions({ questions: file, n }: SweepFlags): { questions: Question[]; text: string } {
  const text = readText('--questions', file);
  const questions = usable(() => parseQuestions(text, file));
  return { questions: n === undefined ? questions : questions.slice(0, wholeNumber('--n', n, 1, 1_000_000)), text };
}

/** @throws UsageError */
function readText(option: string, file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > LARGEST_QUESTIONS) throw new Error('it is too large');
    return bytes.toString('utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** @throws UsageError for what pure parts say of wrong input */
function usable<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof QuestionsError || error instanceof VariantsError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws UsageError */
function openFolder({ out, resume }: SweepFlags, experiment: string): string {
  if (out === undefined && resume === true) throw new UsageError('--resume goes on with the sweep in a folder: name it by --out.');
  const folder = out === undefined ? newFolderPath(resolve(RECORDINGS_FOLDER), experiment, new Date()) : resolve(out);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`--out: ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return folder;
}

/** How far it is, and how long it may still take. */
class Progress {
  readonly #line = new ProgressLine(process.stderr);
  readonly #startedAt = Date.now();
  readonly #runs: readonly SweepRun[];
  readonly #journal: Journal;
  readonly #before: number;

  constructor(runs: readonly SweepRun[], journal: Journal) {
    this.#runs = runs;
    this.#journal = journal;
    this.#before = this.#rows().length;
  }

  show(): void {
    const rows = this.#rows();
    const scores = rows.flatMap(({ score }) => score ?? []);
    const failed = rows.filter(({ error }) => error !== null).length;
    const left = timeLeftMs({ total: this.#runs.length - this.#before, done: rows.length - this.#before, elapsedMs: Date.now() - this.#startedAt, sinceMs: 0 });
    const parts = [`${rows.length} of ${this.#runs.length} runs`, ...(scores.length > 0 ? [`score ${meanOf(scores).toFixed(2)}`] : []), ...(failed > 0 ? [`${failed} failed`] : []), ...(left === null || left === 0 ? [] : [`about ${formatDuration(left)} left`])];
    this.#line.show(parts.join('   '), true);
  }

  clear(): void {
    this.#line.clear();
  }

  #rows(): TaskRow[] {
    return this.#runs.flatMap(({ key }) => this.#journal.done.get(key) ?? []);
  }
}
