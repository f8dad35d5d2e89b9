/** `agent-cost report FILE`: what a recorded run cost. */
import type { Command } from 'commander';
import { accounting, addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { jsonText } from '../profile/jsonPieces.ts';
import { openRecording, openReport } from './openRecording.ts';
import { summaryText } from './summary.ts';
import { terminalStyle } from './terminalStyle.ts';
import { printPieces } from './writePieces.ts';

export function addReportCommand(root: Command): Command {
  const command = root
    .command('report')
    .description('show what a recorded run cost: totals, phases, a table by source line and by tool, findings')
    .argument('<file>', 'recording (*.agentcost)')
    .option('--json', 'print the report as JSON (schema agent-cost/report@1) and nothing else')
    .addHelpText('after', '\nExample:\n  $ agent-cost report .agent-cost/my_agent-20261122-1412.agentcost --json > report.json');
  addAccountingOptions(command).action(async (file: string, flags: AccountingFlags & { json?: true }) => {
    if (flags.json === true) await printPieces(jsonText((await openRecording(file, accounting(flags))).report));
    else process.stdout.write(summaryText(await openReport(file, accounting(flags)), { style: terminalStyle(process.stdout), paths: [] }));
  });
  return command;
}
