/** `agent-cost paper`: the figures and tables of the paper that the product is built on, again, on the simulator in virtual time. */
import type { Command } from 'commander';
import { Lab } from '../experiments/lab.ts';
import { PAPER_TITLE, scaleInWords } from '../experiments/list.ts';
import { EXPERIMENTS, type RunnableExperiment } from '../experiments/registry.ts';
import type { Result } from '../experiments/report/grouped.ts';
import { toCsv } from '../experiments/report/csv.ts';
import { ENOUGH, type Scale } from '../experiments/scale.ts';
import { toResultsJson } from '../experiments/results.ts';
import { addMeasuredOptions, measure, refuseWithoutBackend, type Measured, type MeasuredFlags } from './paper/measure.ts';
import { writeFolder, writeOrSay, writePage } from './paperFiles.ts';
import { experimentText, groupedText } from './paperText.ts';
import { terminalStyle } from './terminalStyle.ts';
import { UsageError } from './usageError.ts';

interface PaperFlags extends MeasuredFlags {
  requests?: string;
  repeats?: string;
  out: string | false;
  csv?: string;
  json?: string;
  html?: string;
}

/** Of a run on a server, where requests take their time. */
const FEW: Scale = { requests: 10, repeats: 1 };

export function addPaperCommand(root: Command): Command {
  const ids = EXPERIMENTS.map(({ id }) => id).join(', ');
  const command = root
    .command('paper')
    .description('run figures and tables of the paper that this is built on (arXiv 2506.04301), and print ours beside the published ones: on the simulator in virtual time, where no model is asked, or with --backend on a server of yours, with the bundled agents')
    .argument('<figure...>', `all, or some of ${ids}`)
    .option('--requests <n>', `requests of a run: more are more certain and take longer (default: ${ENOUGH.requests}, on a server ${FEW.requests})`)
    .option('--repeats <n>', `runs of each kind, of different seeds; from 2 on there are confidence intervals (default: ${ENOUGH.repeats}, on a server ${FEW.repeats})`)
    .option('--out <folder>', 'where each figure’s table (CSV) and charts (SVG and PNG) go', 'paper')
    .option('--no-out', 'write no charts')
    .option('--csv <file>', 'write every row to one file as well')
    .option('--json <file>', 'write it all, charts included, for the editor: Agent Cost: Open Experiment')
    .option('--html <file>', 'write it all, charts included, to a page that needs nothing else');
  return addMeasuredOptions(command)
    .addHelpText('after', '\nExamples:\n  $ agent-cost paper fig11\n  $ agent-cost paper all --html paper.html\n  $ agent-cost paper fig4 fig5 --backend http://gpu-box:8000/v1 --requests 20')
    .action(async (figures: string[], flags: PaperFlags) => {
      const chosen = choose(figures);
      const usual = flags.backend === undefined ? ENOUGH : FEW;
      const scale: Scale = {
        requests: flags.requests === undefined ? usual.requests : atLeast(flags.requests, '--requests', flags.backend === undefined ? 10 : 1),
        repeats: flags.repeats === undefined ? usual.repeats : atLeast(flags.repeats, '--repeats', 1),
      };
      refuseWithoutBackend(flags);
      const { title, ours, results, exitCode } = flags.backend === undefined ? run(chosen, scale) : await measure(chosen, scale, { ...flags, backend: flags.backend });
      process.exitCode = exitCode;
      if (results.length === 0) return;
      const style = terminalStyle(process.stdout);
      const text = results.length > 1 ? groupedText(results, style) : experimentText(results[0]!, style);
      process.stdout.write(`${text.join('\n')}\n`);
      const settings = scaleInWords(scale);
      if (flags.out !== false) say(`${await writeFolder(flags.out, results)} files in ${flags.out}`);
      if (flags.csv !== undefined) write(flags.csv, toCsv(results));
      if (flags.json !== undefined) write(flags.json, toResultsJson({ title, settings, results }));
      if (flags.html !== undefined) {
        await writePage(flags.html, results, { title, ours, settings });
        say(flags.html);
      }
    });
}

/** In the paper's order, each once. @throws UsageError for one that there is not */
function choose(figures: readonly string[]): readonly RunnableExperiment[] {
  if (figures.includes('all')) return EXPERIMENTS;
  for (const figure of figures) {
    if (!EXPERIMENTS.some(({ id }) => id === figure)) throw new UsageError(`There is no experiment "${figure}". There are all, ${EXPERIMENTS.map(({ id }) => id).join(', ')}.`);
  }
  return EXPERIMENTS.filter(({ id }) => figures.includes(id));
}

/** @throws UsageError */
function atLeast(text: string, flag: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new UsageError(`${flag} must be a whole number of at least ${least}, not "${text}".`);
  return value;
}

function run(experiments: readonly RunnableExperiment[], scale: Scale): Measured {
  const lab = new Lab(scale);
  const results = experiments.map((experiment, index): Result => {
    const begin = performance.now();
    const findings = experiment.run(lab);
    // They look at each other's runs, so that what one took says little of the next: what is over is said, and how many are left.
    process.stderr.write(`${experiment.where} in ${((performance.now() - begin) / 1000).toFixed(1)} s; ${experiments.length - index - 1} left\n`);
    return { experiment, findings };
  });
  return { title: PAPER_TITLE, ours: 'a simulated vLLM 0.6 on simulated A100s. All of ours is simulated; no model was asked.', results, exitCode: 0 };
}

/** @throws UsageError */
function write(file: string, text: string): void {
  writeOrSay(file, text);
  say(file);
}

function say(what: string): void {
  process.stderr.write(`wrote ${what}\n`);
}
