/** `agent-cost check FILE --budget FILE`: fails a build when a run costs more than it may. */
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BudgetError, checkBudget, type LimitCheck } from '../analysis/comparison/checkBudget.ts';
import { formatFigure } from '../analysis/comparison/figures.ts';
import { budgetSchema, type Budget } from '../profile/budget.ts';
import { formatPercent } from '../profile/formatValue.ts';
import type { Report } from '../profile/report.ts';
import { visibleText } from '../profile/visibleText.ts';
import { accounting, addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { alignColumns } from '../profile/alignColumns.ts';
import { CHECK_FAILED } from './exitCodes.ts';
import { openReport } from './openRecording.ts';
import { UsageError } from './usageError.ts';

export function addCheckCommand(root: Command): Command {
  const command = root
    .command('check')
    .description('hold a run to a budget: exit with 1 where it costs more')
    .argument('<file>', 'recording (*.agentcost)')
    .requiredOption('--budget <file>', 'JSON with limits, such as {"totals": {"time": "30 s", "energy": "1 Wh", "failedCalls": 0}, "lines": {"agent.py:88": {"calls": 10}}, "tools": {"*": {"p95": "2 s"}}}')
    .option('--json', 'print every limit with its value as JSON (schema agent-cost/check@1) and nothing else')
    .addHelpText('after', '\nA figure that the run does not know keeps no limit.\n\nExample:\n  $ agent-cost check .agent-cost/my_agent-20261122-1412.agentcost --budget budget.json');
  addAccountingOptions(command).action(async (file: string, flags: AccountingFlags & { budget: string; json?: true }) => {
    const budget = readBudget(flags.budget);
    const report = await openReport(file, accounting(flags));
    const checks = checked(report, budget, flags.budget);
    const kept = checks.every(({ status }) => status === 'kept');
    process.stdout.write(flags.json === true ? `${JSON.stringify({ schema: 'agent-cost/check@1', run: report.run.name, kept, limits: checks }, null, 2)}\n` : checkText(checks));
    if (!kept) process.exitCode = CHECK_FAILED;
  });
  return command;
}

/** @throws UsageError for what is no readable budget, naming the place in it */
function readBudget(path: string): Budget {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`the budget ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const parsed = budgetSchema.safeParse(json);
  if (!parsed.success) throw new UsageError(`${path} is no budget: ${z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' ')}. Its parts are totals, lines and tools; see agent-cost check --help.`);
  return parsed.data;
}

function checked(report: Report, budget: Budget, path: string): LimitCheck[] {
  let checks: LimitCheck[];
  try {
    checks = checkBudget(report, budget);
  } catch (error) {
    if (error instanceof BudgetError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
  // A budget that says nothing keeps a build green whatever happens.
  if (checks.length === 0 && Object.keys(budget.tools ?? {}).length === 0) throw new UsageError(`${path} has no limit in it.`);
  return checks;
}

function checkText(checks: readonly LimitCheck[]): string {
  const rows = checks.map(({ of, figure, unit, value, limit, status }) => [
    status === 'kept' ? '✓' : '✗',
    `${of === null ? '' : `${visibleText(of, 80)}  `}${figure}`,
    formatFigure(value, unit),
    `${status === 'broken' ? '>' : '≤'} ${formatFigure(limit, unit)}`,
    status === 'unknown' ? 'not in the run, or not known' : status === 'broken' && value !== null ? `by ${formatFigure(value - limit, unit)}${limit > 0 ? ` (${formatPercent(value / limit - 1)})` : ''}` : '',
  ]);
  const broken = checks.filter(({ status }) => status !== 'kept').length;
  return `${[...alignColumns(rows, ['left', 'left', 'right', 'left', 'left']), broken === 0 ? `all ${checks.length} limits are kept` : `${broken} of ${checks.length} limits ${broken === 1 ? 'is' : 'are'} not kept`].join('\n')}\n`;
}
