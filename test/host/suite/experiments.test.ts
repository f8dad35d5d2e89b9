/** Open Experiment…: figures that are run in a thread, and files of results. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { experimentPanelType } from '../../../src/contributions.ts';
import { toResultsJson } from '../../../src/experiments/results.ts';
import { COLUMNS, type TaskRow } from '../../../src/experiments/table/columns.ts';
import { toCsv } from '../../../src/experiments/table/csv.ts';
import { activated, eventually, messageOf, messagesOf, run, RUN_TIMEOUT_MS } from './inEditor.ts';

const experimentTab = (): vscode.Tab | undefined =>
  vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(experimentPanelType));

export function experimentsSuite(): void {
  describe('an experiment', function () {
    this.timeout(RUN_TIMEOUT_MS);
    const folder = mkdtempSync(join(tmpdir(), 'agent-cost-results-'));
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
    const write = (name: string, text: string): vscode.Uri => {
      const file = join(folder, name);
      writeFileSync(file, text);
      return vscode.Uri.file(file);
    };

    it('is run aside, while the editor goes on, and shown in a tab', async () => {
      const state = await activated();
      let beats = 0;
      const beating = setInterval(() => beats++, 10);
      const said = await messagesOf(() => run('agentCost.openExperiment', { figures: ['fig15', 'fig14'], requests: 20, repeats: 2 }));
      clearInterval(beating);
      const shown = state.experiment();
      assert.deepEqual(said, []);
      assert.deepEqual(shown?.results.map(({ experiment }) => experiment.id), ['fig14', 'fig15']);
      assert.equal(shown?.settings, '20 requests a run, 2 runs of each kind.');
      assert.equal(shown?.progress, null);
      assert.ok(shown?.results.every(({ findings }) => findings.charts.length > 0 && findings.rows.length > 0));
      assert.ok(beats > 1, 'the extension host was not held up');
      assert.ok(experimentTab()?.isActive);
    });

    it('is stopped when its tab is closed', async () => {
      const state = await activated();
      const running = run('agentCost.openExperiment', { figures: ['fig11'], requests: 5000, repeats: 9 });
      await eventually('it runs', () => state.experiment()?.progress?.doing === 'Fig 11');
      const tab = experimentTab();
      assert.ok(tab);
      assert.deepEqual(await messagesOf(() => vscode.window.tabGroups.close(tab)), []);
      await running;
      assert.deepEqual([state.experiment()?.progress, state.experiment()?.results], [null, []]);
      assert.equal(experimentTab(), undefined);
    });

    it('is read from a file', async () => {
      const state = await activated();
      const results = [{ experiment: { id: 'fig0', where: 'Fig 0', title: 'of a file' }, findings: { rows: [], directions: [], notes: ['a note'], charts: [] } }];
      await run('agentCost.openExperiment', write('good.json', toResultsJson({ title: 'Mine', settings: '', results })));
      assert.deepEqual(state.experiment(), { title: 'Mine', settings: '', results, progress: null });
      await eventually('its tab', experimentTab);
    });

    it('is read from a table of tasks', async () => {
      const state = await activated();
      const row = { ...Object.fromEntries(COLUMNS.map(({ name }) => [name, null])), experiment: 'x', setting: 'a=1', backend: 'vllm', simulated: false, seed: 0, repeat: 1, shard: '1/1', index: 1, task: 't', warm_up: false, started_at: '2026-01-01T00:00:00.000Z', latency_ms: 1500 } as unknown as TaskRow;
      await run('agentCost.openExperiment', write('tasks.csv', toCsv([row])));
      assert.equal(state.experiment()?.title, 'tasks.csv');
      assert.ok(state.experiment()?.results[0]?.findings.rows.some(({ what, ours, basis }) => what === 'mean latency' && ours?.mean === 1.5 && basis === 'measured'));
      assert.match((await messageOf(() => run('agentCost.openExperiment', write('shopping.csv', 'what,much\r\nmilk,2\r\n')))).message, /shopping\.csv is no table of tasks/);
    });

    const bad: [what: string, name: string, text: string, says: RegExp][] = [
      ['something else', 'else.json', '{"kind": "a shopping list"}', /else\.json holds no results.*agent-cost paper --json/],
      ['a torn file', 'torn.json', '{"kind": "agent-cost-resu', /torn\.json is not JSON/],
      ['a file that is not there', 'gone.json', '', /gone\.json could not be read: .*no such file/],
    ];
    for (const [what, name, text, says] of bad)
      it(`says what is wrong with ${what}, and keeps what is shown`, async () => {
        const state = await activated();
        const before = state.experiment();
        const uri = write(name, text);
        if (name.startsWith('gone')) rmSync(uri.fsPath);
        const message = await messageOf(() => run('agentCost.openExperiment', uri));
        assert.equal(message.severity, 'error');
        assert.match(message.message, says);
        assert.equal(state.experiment(), before);
      });

    it('refuses a file of 2 GB at once, and a figure that there is not', async () => {
      const uri = write('huge.json', '{');
      truncateSync(uri.fsPath, 2 * 1024 ** 3);
      assert.match((await messageOf(() => run('agentCost.openExperiment', uri))).message, /huge\.json has 2,147 MB/);
      assert.match((await messageOf(() => run('agentCost.openExperiment', { figures: ['fig99'] }))).message, /There is no experiment fig99\. There are fig4, /);
    });

    it('ignores arguments that make no sense', async () => {
      const state = await activated();
      const before = state.experiment();
      for (const argument of [null, 7, {}, { figures: 'fig4' }, { figures: [4] }]) await vscode.commands.executeCommand('agentCost.openExperiment', argument);
      assert.equal(state.experiment(), before);
    });
  });
}
