/** Open Experiment…: runs the paper's figures, or opens a file of results, and shows them in a tab. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { QuickPickItemKind, window, type Disposable, type QuickPickItem, type Uri } from 'vscode';
import { localNumber } from '../profile/language.ts';
import type { ExperimentChoice, Resource } from '../contributions.ts';
import { EXPERIMENT_NAMES, PAPER_TITLE, scaleInWords } from '../experiments/list.ts';
import { readResults, ResultsError, toResultsJson, type Results } from '../experiments/results.ts';
import { ENOUGH } from '../experiments/scale.ts';
import { TableError } from '../experiments/table/columns.ts';
import { parseCsv } from '../experiments/table/csv.ts';
import { parseParquet } from '../experiments/table/parquet.ts';
import { tableResults } from '../experiments/table/tableResults.ts';
import { ExperimentPanel } from '../views/experimentPanel.ts';
import type { ExperimentOrder, ExperimentProgress } from '../protocol/experiment.ts';
import { runExperiments, type ExperimentRun } from './experimentRun.ts';
import type { Installation } from './installation.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';

/** Larger files are nothing that we wrote: all of the paper's figures are a third of a megabyte. */
const BYTES_AT_MOST = 50_000_000;

/** What is shown, as the tests see it. */
export interface ShownExperiment extends Results {
  progress: ExperimentProgress | null;
}

export class Experiments implements Disposable {
  private readonly installation: Installation;
  private readonly notifier: Notifier;
  private readonly panel: ExperimentPanel;
  private running: ExperimentRun | null = null;
  private shown: ShownExperiment | null = null;

  constructor(installation: Installation, media: Uri, notifier: Notifier) {
    this.installation = installation;
    this.notifier = notifier;
    this.panel = new ExperimentPanel(installation.experimentScript, media, {
      choose: () => this.told(this.choose()),
      cancel: () => this.running?.cancel(),
      save: () => this.told(this.save()),
      failed: (message) => notifier.error(l10n.t`The experiment view failed: ${message} Close it and open it again.`),
      closed: () => this.running?.cancel(),
    });
  }

  get current(): ShownExperiment | null {
    return this.shown;
  }

  /** Shows a file, or runs some figures; asks which where neither is given. */
  async open(what?: Resource | ExperimentChoice): Promise<void> {
    if (what === undefined) await this.choose();
    else if ('fsPath' in what) await this.openFile(what.fsPath);
    else await this.run(what);
  }

  dispose(): void {
    this.running?.cancel();
    this.panel.dispose();
  }

  /** Of what nobody waits for. */
  private told(work: Promise<void>): void {
    work.catch((error: unknown) => this.notifier.error(messageOf(error)));
  }

  private async choose(): Promise<void> {
    const all: ChoiceItem = { label: l10n.t('All Figures and Tables'), detail: l10n.t('In virtual time, on the simulator: some minutes of one processor'), choice: { figures: EXPERIMENT_NAMES.map(({ id }) => id) } };
    const file: ChoiceItem = { label: l10n.t('Open Results File…'), detail: l10n.t('What agent-cost paper --json wrote, or a table of bench, load or sweep (--table): CSV or Parquet'), choice: 'file' };
    const each = EXPERIMENT_NAMES.map(({ id, where, title }): ChoiceItem => ({ label: where, description: title, choice: { figures: [id] } }));
    const picked = await window.showQuickPick<ChoiceItem>([file, all, { label: l10n.t('Run one'), kind: QuickPickItemKind.Separator, choice: 'file' }, ...each], { title: l10n.t('Open Experiment'), placeHolder: l10n.t('The paper’s figures, or a file of results'), matchOnDescription: true });
    if (picked === undefined) return;
    if (picked.choice !== 'file') return this.run(picked.choice);
    const chosen = await window.showOpenDialog({ title: l10n.t('Open Results'), filters: { [l10n.t('Results of an experiment')]: ['json', 'csv', 'parquet'], [l10n.t('All files')]: ['*'] } });
    if (chosen?.[0] !== undefined) await this.openFile(chosen[0].fsPath);
  }

  private async openFile(file: string): Promise<void> {
    try {
      const { size } = await stat(file);
      if (size > BYTES_AT_MOST) throw new ResultsError(l10n.t`${basename(file)} has ${localNumber(Math.round(size / 1e6))} MB, more than any results. Choose a file that agent-cost paper --json wrote.`);
      const results = await read(file);
      this.running?.cancel();
      this.show({ ...results, progress: null });
    } catch (error) {
      this.notifier.error(error instanceof ResultsError || error instanceof TableError ? error.message : l10n.t`${file} could not be read: ${messageOf(error)}.`);
    }
  }

  private async run({ figures, requests = ENOUGH.requests, repeats = ENOUGH.repeats }: ExperimentChoice): Promise<void> {
    const ids = EXPERIMENT_NAMES.map(({ id }) => id).filter((id) => figures.includes(id));
    if (ids.length === 0) return this.notifier.error(l10n.t`There is no experiment ${figures.join(', ')}. There are ${EXPERIMENT_NAMES.map(({ id }) => id).join(', ')}.`);
    this.running?.cancel();
    const order: ExperimentOrder = { ids, requests, repeats };
    const shown: ShownExperiment = { title: PAPER_TITLE, settings: scaleInWords(order), results: [], progress: { doing: '', done: 0, total: ids.length } };
    this.show(shown);
    const running = runExperiments(this.installation.experiments, order, {
      onProgress: (progress) => this.update(shown, { progress }),
      onResult: (result) => this.update(shown, { results: [...shown.results, result] }),
    });
    this.running = running;
    try {
      await running.ended;
    } catch (error) {
      this.notifier.error(l10n.t`The experiment failed: ${messageOf(error)}.`);
    } finally {
      if (this.running === running) this.running = null;
      this.update(shown, { progress: null });
    }
  }

  private show(shown: ShownExperiment): void {
    this.shown = shown;
    this.panel.show(shown);
  }

  /** What came after something else was opened is shown no more. */
  private update(shown: ShownExperiment, change: Partial<ShownExperiment>): void {
    Object.assign(shown, change);
    if (this.shown === shown) this.panel.update(shown);
  }

  private async save(): Promise<void> {
    if (this.shown === null || this.shown.results.length === 0) return;
    const file = await window.showSaveDialog({ title: l10n.t('Save Results'), filters: { [l10n.t('Results of an experiment')]: ['json'] } });
    if (file === undefined) return;
    try {
      await writeFile(file.fsPath, toResultsJson(this.shown));
    } catch (error) {
      this.notifier.error(l10n.t`${file.fsPath} could not be written: ${messageOf(error)}. Choose another place.`);
    }
  }
}

/** By the file's name: a table of tasks, or results. @throws ResultsError, TableError */
async function read(file: string): Promise<Results> {
  const name = basename(file);
  const bytes = await readFile(file);
  switch (extname(file).toLowerCase()) {
    case '.csv':
      return tableResults(parseCsv(bytes.toString('utf8'), name), name);
    case '.parquet':
      return tableResults(await parseParquet(bytes, name), name);
    default:
      return readResults(bytes.toString('utf8'), name);
  }
}

interface ChoiceItem extends QuickPickItem {
  choice: ExperimentChoice | 'file';
}
