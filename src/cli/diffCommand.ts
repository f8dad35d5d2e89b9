/** `agent-cost diff A B`: what changed between two runs, or two groups of runs. */
import type { Command } from 'commander';
import { breachText, comparisonText } from '../analysis/comparison/comparisonText.ts';
import { compareRuns } from '../analysis/comparison/compareRuns.ts';
import { breaches, parseRule, RuleError, type RuleBreach, type Rule } from '../analysis/comparison/rules.ts';
import type { Accounting } from '../profile/accounting.ts';
import type { Report } from '../profile/report.ts';
import { accounting, addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { CHECK_FAILED } from './exitCodes.ts';
import { openReport } from './openRecording.ts';
import { shownPath } from './shownPath.ts';
import { terminalStyle } from './terminalStyle.ts';
import { UsageError } from './usageError.ts';

type DiffFlags = AccountingFlags & { against?: string[]; failOn?: string[]; json?: true };

export function addDiffCommand(root: Command): Command {
  const command = root
    .command('diff')
    .description('compare two runs, or two groups of runs: totals and lines, with what chance explains')
    .argument('<file...>', 'recordings before, and, without --against, one after them: the last')
    .option('--against <file...>', 'recordings after, where there are several')
    .option('--fail-on <rule...>', 'exit with 1 where a figure grew by more than this, and by more than chance explains: "time>10%", "energy>0.1Wh", "lines.time>20%"')
    .option('--json', 'print the comparison as JSON (schema agent-cost/diff@1) and nothing else')
    .addHelpText('after', '\nOf several runs on each side differences have 95 % confidence intervals (Welch\'s t); of one each, times of lines have, by their calls.\n\nExample:\n  $ agent-cost diff before.agentcost after.agentcost\n  $ agent-cost diff main-*.agentcost --against branch-*.agentcost --fail-on "time>10%" "promptTokens>5%"');
  addAccountingOptions(command).action(async (files: string[], flags: DiffFlags) => {
    const rules = (flags.failOn ?? []).map((text) => orUsageError(() => parseRule(text)));
    const [before, after] = flags.against === undefined ? [files.slice(0, -1), files.slice(-1)] : [files, flags.against];
    if (before.length === 0) throw new UsageError(`there is only one recording, ${files[0]}: name a second one to compare it with.`);
    const charged = accounting(flags);
    const comparison = compareRuns(await reportsOf(before, charged), await reportsOf(after, charged));
    const found = orUsageError(() => breaches(comparison, rules));
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ schema: 'agent-cost/diff@1', before: before, after: after, ...comparison, failed: found.map(breachJson) }, null, 2)}\n`);
    else process.stdout.write(comparisonText(comparison, { before: namesOf(before), after: namesOf(after) }, found, terminalStyle(process.stdout)));
    if (found.length > 0) process.exitCode = CHECK_FAILED;
  });
  return command;
}

function breachJson(breach: RuleBreach): object {
  const { rule, line, difference } = breach;
  return { rule: rule.text, line, difference, message: breachText(breach) };
}

function orUsageError<Value extends Rule | RuleBreach[]>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof RuleError) throw new UsageError(error.message);
    throw error;
  }
}

async function reportsOf(files: readonly string[], charged: Accounting): Promise<Report[]> {
  const reports: Report[] = [];
  // One after the other: each may take a good part of the memory while it is read.
  for (const file of files) reports.push(await openReport(file, charged));
  return reports;
}

function namesOf(files: readonly string[]): string {
  return files.length <= 2 ? files.map(shownPath).join(', ') : `${shownPath(files[0]!)} … ${shownPath(files.at(-1)!)}`;
}
