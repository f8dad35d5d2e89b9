/**
 * Everything that package.json promises to VS Code, by name and type: commands and their arguments, settings and
 * their defaults, context keys, views. `test/unit/contributions.test.ts` holds the manifest against these tables.
 *
 * Knows no `vscode`, so that the tests can read it; `host/editor.ts` is generic over what stands here.
 */

/** A file handed over by a menu of the editor or the explorer (a `vscode.Uri`). */
export interface Resource {
  readonly fsPath: string;
}

/** A source line of a run, as a lens or a hover names it. */
export interface LineReference {
  /** The run's recording file. */
  run: string;
  /** The file as the report names it. */
  file: string;
  /** The line as the report names it: 1-based, at the time of the run. */
  line: number;
  /** One of the program's own functions, by its name in the report; absent for what the line called. */
  function?: string;
}

/** A span of a run, as the tree names it. */
export interface SpanReference {
  run: string;
  span: string;
}

/** Which of the paper's figures to run, as `agent-cost paper` names them, and how much. */
export interface ExperimentChoice {
  figures: readonly string[];
  /** Of a run. */
  requests?: number;
  /** Runs of each kind. */
  repeats?: number;
}

export const exportFormats = ['html', 'json', 'perfetto', 'speedscope', 'folded', 'otlp', 'csv', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Arguments of every command. The palette gives none, so each is optional wherever the palette shows the command. */
export interface CommandArguments {
  'agentCost.profileActiveFile': [file?: Resource];
  'agentCost.profileCommand': [commandLine?: string];
  'agentCost.stopRun': [];
  'agentCost.openRecording': [file?: Resource];
  'agentCost.openExample': [];
  'agentCost.startSession': [];
  'agentCost.stopSession': [];
  'agentCost.copyEnvironment': [];
  'agentCost.startVllm': [model?: string];
  'agentCost.stopVllm': [];
  'agentCost.clearLenses': [];
  'agentCost.showTimeline': [];
  'agentCost.export': [format?: ExportFormat, target?: Resource];
  'agentCost.compareRuns': [before?: unknown, after?: unknown];
  'agentCost.deleteRecordings': [run?: unknown, selected?: unknown];
  'agentCost.openExperiment': [what?: Resource | ExperimentChoice];
  'agentCost.showLog': [];
  'agentCost.refreshRuns': [];
  'agentCost.showRun': [run?: unknown];
  'agentCost.showCostOnTimeline': [line?: unknown];
  'agentCost.selectSpan': [span?: unknown];
  'agentCost.openSource': [span?: unknown];
}
export type CommandId = keyof CommandArguments;

/** Titles as in the manifest. A record over all ids, so that a forgotten command does not compile. */
export const commandTitles: Readonly<Record<CommandId, string>> = {
  'agentCost.profileActiveFile': 'Profile Active File',
  'agentCost.profileCommand': 'Profile Command…',
  'agentCost.stopRun': 'Stop the Profiled Run',
  'agentCost.openRecording': 'Open Recording…',
  'agentCost.openExample': 'Open Example Recording',
  'agentCost.startSession': 'Start Profiling Session',
  'agentCost.stopSession': 'Stop Profiling Session',
  'agentCost.copyEnvironment': 'Copy the Profiling Session’s Environment',
  'agentCost.startVllm': 'Start vLLM Server…',
  'agentCost.stopVllm': 'Stop vLLM Server',
  'agentCost.clearLenses': 'Clear Lenses',
  'agentCost.showTimeline': 'Show Timeline',
  'agentCost.export': 'Export…',
  'agentCost.compareRuns': 'Compare Runs…',
  'agentCost.deleteRecordings': 'Delete Recordings…',
  'agentCost.openExperiment': 'Open Experiment…',
  'agentCost.showLog': 'Show Log',
  'agentCost.refreshRuns': 'Refresh Runs',
  'agentCost.showRun': 'Show Run',
  'agentCost.showCostOnTimeline': 'Show Cost on Timeline',
  'agentCost.selectSpan': 'Show on Timeline',
  'agentCost.openSource': 'Open Source Line',
};

/** Commands that make sense only with what a view hands them; the palette never shows these. */
export const internalCommands: readonly CommandId[] = ['agentCost.showRun', 'agentCost.showCostOnTimeline', 'agentCost.selectSpan', 'agentCost.openSource'];

/** Commands that start a program: not in an untrusted workspace. */
export const launchingCommands: readonly CommandId[] = ['agentCost.profileActiveFile', 'agentCost.profileCommand', 'agentCost.startSession', 'agentCost.startVllm'];

export const lensShowValues = ['perCall', 'total'] as const;
export const lensCostValues = ['energy', 'money'] as const;
export const captureValues = ['full', 'hashes', 'none'] as const;
export const energyPolicyValues = ['proportional', 'marginal', 'amortized'] as const;
export const openOnRunValues = ['sidebar', 'tab', 'panel', 'nothing'] as const;

/** Every setting and the type of its value. */
export interface SettingTypes {
  'agentCost.backend': string;
  'agentCost.model': string;
  'agentCost.caFile': string;
  'agentCost.capture': (typeof captureValues)[number];
  'agentCost.recording.compress': boolean;
  'agentCost.recording.partSize': string;
  'agentCost.recording.maxSize': string;
  'agentCost.redact': readonly string[];
  'agentCost.gpu': string;
  'agentCost.gpuCount': number;
  'agentCost.gpuIndex': string;
  'agentCost.telemetry': string;
  'agentCost.accounting.energyPolicy': (typeof energyPolicyValues)[number];
  'agentCost.accounting.hostEnergy': string;
  'agentCost.accounting.pue': string;
  'agentCost.accounting.grid': string;
  'agentCost.lens.enabled': boolean;
  'agentCost.lens.show': (typeof lensShowValues)[number];
  'agentCost.lens.cost': (typeof lensCostValues)[number];
  'agentCost.lens.callers': boolean;
  'agentCost.lens.change': boolean;
  'agentCost.timeline.openOnRun': (typeof openOnRunValues)[number];
  'agentCost.vllm.host': string;
  'agentCost.vllm.program': string;
  'agentCost.vllm.port': number;
  'agentCost.vllm.arguments': readonly string[];
  'agentCost.simulator.tokenizer': string;
  'agentCost.python': string;
  'agentCost.node': string;
}
export type SettingId = keyof SettingTypes;

export const settingDefaults: Readonly<SettingTypes> = {
  'agentCost.backend': 'sim',
  'agentCost.model': '',
  'agentCost.caFile': '',
  'agentCost.capture': 'full',
  'agentCost.recording.compress': false,
  'agentCost.recording.partSize': '',
  'agentCost.recording.maxSize': '',
  'agentCost.redact': ['secrets'],
  'agentCost.gpu': '',
  'agentCost.gpuCount': 1,
  'agentCost.gpuIndex': '',
  'agentCost.telemetry': 'auto',
  'agentCost.accounting.energyPolicy': 'proportional',
  'agentCost.accounting.hostEnergy': '',
  'agentCost.accounting.pue': '',
  'agentCost.accounting.grid': '',
  'agentCost.lens.enabled': true,
  'agentCost.lens.show': 'perCall',
  'agentCost.lens.cost': 'energy',
  'agentCost.lens.callers': true,
  'agentCost.lens.change': true,
  'agentCost.timeline.openOnRun': 'sidebar',
  'agentCost.vllm.host': '',
  'agentCost.vllm.program': '',
  'agentCost.vllm.port': 8000,
  'agentCost.vllm.arguments': [],
  'agentCost.simulator.tokenizer': '',
  'agentCost.python': '',
  'agentCost.node': '',
};

/** Context keys that the extension sets for `when` clauses. */
export interface ContextKeys {
  /** A program that we started is running. */
  'agentCost.running': boolean;
  /** A profiling session for programs started elsewhere is up. */
  'agentCost.sessionRunning': boolean;
  /** A vLLM that we started is running, or starts. */
  'agentCost.vllmRunning': boolean;
  /** The active editor holds what could be profiled. */
  'agentCost.agentIsOpen': boolean;
  /** A run is shown. */
  'agentCost.hasRun': boolean;
  /** Lenses are shown. */
  'agentCost.hasLenses': boolean;
}
export type ContextKey = keyof ContextKeys;
export const contextKeys: Readonly<Record<ContextKey, true>> = {
  'agentCost.running': true,
  'agentCost.sessionRunning': true,
  'agentCost.vllmRunning': true,
  'agentCost.agentIsOpen': true,
  'agentCost.hasRun': true,
  'agentCost.hasLenses': true,
};

/** The steps of the walkthrough. */
export const walkthroughSteps = ['example', 'profile', 'lenses', 'server'] as const;

/** The view container in the activity bar. */
export const viewContainer = 'agentCost';

/** The view container in the panel, beside the terminal: there once a run is shown. */
export const panelContainer = 'agentCostPanel';

export const views = {
  runs: 'agentCost.runs',
  timeline: 'agentCost.timeline',
  panelTimeline: 'agentCost.panelTimeline',
} as const;

/** Type of the webview panel that holds the timeline as an editor tab. */
export const timelinePanelType = 'agentCost.timelineTab';

/** Type of the webview panel that shows an experiment. */
export const experimentPanelType = 'agentCost.experiment';

/** Type of the read-only editor that opens a recording as a timeline. */
export const recordingEditorType = 'agentCost.recording';

/** `contextValue`s of tree items. */
export const treeItemKinds = { run: 'run', request: 'request', call: 'call', callWithSource: 'callWithSource' } as const;

/** Languages with a play button, lenses and hovers, as VS Code names them. */
export const profiledLanguages = ['python', 'javascript', 'typescript'] as const;
export type ProfiledLanguage = (typeof profiledLanguages)[number];

/** Languages whose lines can carry a lens: those that run, and their JSX kin. */
export const lensLanguages = [...profiledLanguages, 'javascriptreact', 'typescriptreact'] as const;
