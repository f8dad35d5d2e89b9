/** Profiles programs: one started here, or those that the user starts elsewhere while a session is up. */
import { basename, dirname, extname, join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { commands, env, ProgressLocation, window, workspace, type Disposable, type ExtensionContext, type TextDocument, type Uri, type WorkspaceFolder } from 'vscode';
import { likelyShell, shellEnvironment } from '../instrument/shellEnvironment.ts';
import { profiledLanguages, views, type ProfiledLanguage, type Resource, type SettingId } from '../contributions.ts';
import { inSettings, settingNamedIn } from '../profile/optionNames.ts';
import { programName } from '../recorder/runName.ts';
import { newRecordingPath } from '../recorder/recordingNames.ts';
import { RECORDINGS_FOLDER } from '../recorder/recordingsFolder.ts';
import { openOnRun } from './choices.ts';
import { followDebuggers } from './debugging.ts';
import { terminalVariables } from './debugRules.ts';
import { runCommand, setContext } from './editor.ts';
import { findProgram } from './findPrograms.ts';
import { messageOf } from './log.ts';
import type { Remedy } from './notify.ts';
import { ProgramNotFoundError } from './programs.ts';
import { startProgramTask, type CommandToRun, type ProgramTask } from './programTask.ts';
import { Session, type SessionServices } from './sessions.ts';
import { openSetting, rawSettings } from './settings.ts';
import { profilingSettings, programSettings, SettingError } from './settingsRules.ts';

/** A shell's exit code for a command that it does not find. */
const NOT_FOUND = 127;

interface ProgramToProfile {
  name: string;
  run: CommandToRun;
  cwd: string;
  folder: WorkspaceFolder | undefined;
  /** For the recording. */
  command: string[];
}

export class Profiling implements Disposable {
  private readonly services: SessionServices;
  private readonly context: ExtensionContext;
  private readonly showSidebar: () => void;
  private readonly running = new Map<Session, ProgramTask>();
  /** The session for programs started elsewhere. */
  private elsewhere: Session | null = null;
  private startingElsewhere = false;
  /** Programs started by debuggers belong to that session, too. */
  private debuggers: Disposable | null = null;
  private lastCommandLine = '';

  constructor(context: ExtensionContext, services: SessionServices, showSidebar: () => void) {
    this.context = context;
    this.services = services;
    this.showSidebar = showSidebar;
  }

  /**
   * Profiles a source file: the one given, or that of the active editor.
   * @returns when the program has ended and its run is shown
   */
  async profileFile(resource?: Resource): Promise<void> {
    if (!this.mayLaunch()) return;
    const document = await this.documentToRun(resource);
    if (document === null) return;
    const language = profiledLanguages.find((known) => known === document.languageId);
    if (language === undefined) {
      this.services.notifier.error(l10n.t`${basename(document.fileName)} is neither Python, JavaScript nor TypeScript. Use Agent Cost: Profile Command… to profile any program.`);
      return;
    }
    // The program runs what is on disk.
    if (!(await saved(document))) return;
    await this.guard(async () => this.profile(await this.programOf(document, language)));
  }

  /** Profiles a command line: the one given, or what the user types. */
  async profileCommand(commandLine?: string): Promise<void> {
    if (!this.mayLaunch()) return;
    const folder = await this.chooseFolder();
    if (folder === null) return;
    const line =
      commandLine ??
      (await window.showInputBox({ title: l10n.t('Profile Command'), prompt: l10n.t`Runs in ${folder.uri.fsPath}`, placeHolder: 'python my_agent.py --questions 3', value: this.lastCommandLine, ignoreFocusOut: true }));
    if (line === undefined || line.trim() === '') return;
    this.lastCommandLine = line;
    await this.guard(() => this.profile({ name: programName(line.trim().split(/\s+/)), run: { kind: 'shell', line }, cwd: folder.uri.fsPath, folder, command: [line] }));
  }

  /** Ends the programs that were started here, as closing their terminals would. */
  async stopRun(): Promise<void> {
    await Promise.all([...this.running.values()].map((task) => task.stop()));
  }

  /** From now on, programs in new terminals are recorded. */
  async startSession(): Promise<void> {
    if (!this.mayLaunch()) return;
    if (this.elsewhere !== null || this.startingElsewhere) return;
    const folder = await this.chooseFolder();
    if (folder === null) return;
    this.startingElsewhere = true;
    await this.guard(async () => {
      const session = await this.startRecording('session', [], folder.uri.fsPath, folder.uri);
      this.elsewhere = session;
      const variables = this.context.environmentVariableCollection;
      variables.persistent = false;
      variables.description = l10n.t('Programs started here are recorded by the Agent Cost profiling session.');
      for (const { name, value, how } of terminalVariables(session.environmentOn, process.env)) variables[how](name, value);
      this.debuggers = followDebuggers(session, this.services.log);
      void session.lost.then(() => this.stopSession());
      setContext('agentCost.sessionRunning', true);
      this.services.notifier.information(
        l10n.t('A profiling session is running: programs started in new terminals are recorded. Elsewhere, set its environment first.'),
        { label: l10n.t('Copy Environment'), run: () => this.copyEnvironment() },
        { label: l10n.t('Stop Session'), run: () => runCommand('agentCost.stopSession') },
      );
    });
    this.startingElsewhere = false;
  }

  async stopSession(): Promise<void> {
    const session = this.elsewhere;
    if (session === null) return;
    this.elsewhere = null;
    this.debuggers?.dispose();
    this.context.environmentVariableCollection.clear();
    setContext('agentCost.sessionRunning', false);
    await session.stop({ exitCode: null, signal: null });
    this.tellWhenNothingWasSeen(session);
  }

  /** Puts the lines that set the session's environment on the clipboard, as the user's shell takes them. */
  async copyEnvironment(): Promise<void> {
    if (this.elsewhere === null) return;
    await env.clipboard.writeText(shellEnvironment(this.elsewhere.environment, likelyShell(process.env, process.platform)));
    window.setStatusBarMessage(l10n.t('The session’s environment is on the clipboard.'), 5000);
  }

  dispose(): void {
    this.debuggers?.dispose();
    this.elsewhere?.dispose();
    for (const session of this.running.keys()) session.dispose();
  }

  private async profile(program: ProgramToProfile): Promise<void> {
    if (this.elsewhere !== null) {
      // New terminals carry the session's environment, the task's included: the two recordings would mix.
      this.services.notifier.warning(l10n.t('A profiling session is running and records what is started here, too. Stop it to profile a run by itself.'), {
        label: l10n.t('Stop Session'),
        run: () => runCommand('agentCost.stopSession'),
      });
      return;
    }
    const session = await this.startRecording(program.name, program.command, program.cwd, program.folder?.uri);
    const task = startProgramTask({ ...program, environment: session.environment, id: session.run.file });
    this.running.set(session, task);
    setContext('agentCost.running', true);
    this.showTimeline();
    let exitCode: number | null = null;
    try {
      await window.withProgress({ location: ProgressLocation.Window, title: l10n.t`Profiling ${program.name}: starting` }, () => task.started);
      exitCode = await task.ended;
    } finally {
      await session.stop({ exitCode, signal: null });
      this.running.delete(session);
      setContext('agentCost.running', this.running.size > 0);
    }
    this.services.log.info(`${program.name} ended with ${exitCode ?? 'no exit code'}`);
    if (exitCode === NOT_FOUND && program.run.kind === 'shell')
      this.services.notifier.error(l10n.t`The shell did not find a command in "${program.run.line}". Correct its name, or give its full path.`, { label: l10n.t('Try Again'), run: () => runCommand('agentCost.profileCommand') });
    else this.tellWhenNothingWasSeen(session);
  }

  private async programOf(document: TextDocument, language: ProfiledLanguage): Promise<ProgramToProfile> {
    const file = document.uri.fsPath;
    const folder = workspace.getWorkspaceFolder(document.uri);
    const cwd = folder?.uri.fsPath ?? dirname(file);
    const program = await findProgram(language, document.uri, cwd, programSettings(rawSettings(document.uri)));
    this.services.log.info(`${basename(file)} runs with ${[program.command, ...program.args].join(' ')}: ${program.because}`);
    const args = [...program.args, file];
    return { name: basename(file, extname(file)), run: { kind: 'program', command: program.command, args }, cwd, folder, command: [program.command, ...args] };
  }

  private async startRecording(name: string, command: string[], cwd: string, scope: Uri | undefined): Promise<Session> {
    const settings = profilingSettings(rawSettings(scope), process.env['OPENAI_BASE_URL']);
    const out = newRecordingPath(join(cwd, RECORDINGS_FOLDER), name, new Date());
    // The terminal takes its time to start the program; a session's time runs from its start.
    return Session.start({ ...settings, out, name, command, cwd, listen: '127.0.0.1', port: 0, beginsWithProgram: command.length > 0 }, this.services);
  }

  private showTimeline(): void {
    const choice = openOnRun(rawSettings(undefined));
    if (choice === 'tab') void runCommand('agentCost.showTimeline');
    else if (choice === 'sidebar') this.showSidebar();
    else if (choice === 'panel') void commands.executeCommand(`${views.panelTimeline}.focus`, { preserveFocus: true });
  }

  private tellWhenNothingWasSeen(session: Session): void {
    if (session.run.document?.report.totals.llmCalls === 0)
      this.services.notifier.information(l10n.t`No LLM call of ${session.run.name} was seen. Does it call one through the OpenAI API? The log says what the profiler noticed.`, { label: l10n.t('Show Log'), run: () => runCommand('agentCost.showLog') });
  }

  private mayLaunch(): boolean {
    if (workspace.isTrusted) return true;
    this.services.notifier.warning(l10n.t('This workspace is not trusted, so no program is started from it. Trust it first; recordings can be viewed without.'));
    return false;
  }

  /** Tells what went wrong, with the way to the setting that remedies it where there is one. */
  private async guard(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (error instanceof SettingError || error instanceof ProgramNotFoundError) {
        const { setting } = error;
        this.services.notifier.error(error.message, { label: l10n.t('Open Setting'), run: () => openSetting(setting) });
        return;
      }
      this.services.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      const message = inSettings(messageOf(error));
      const setting = settingNamedIn(message);
      const remedies: Remedy[] = [{ label: l10n.t('Show Log'), run: () => runCommand('agentCost.showLog') }];
      if (setting !== null) remedies.unshift({ label: l10n.t('Open Setting'), run: () => openSetting(setting as SettingId) });
      this.services.notifier.error(l10n.t`Not profiled: ${message}`, ...remedies);
    }
  }

  private async documentToRun(resource?: Resource): Promise<TextDocument | null> {
    const document = resource === undefined ? window.activeTextEditor?.document : await workspace.openTextDocument(resource.fsPath);
    if (document?.uri.scheme === 'file') return document;
    this.services.notifier.error(l10n.t('There is no file to profile. Open a Python, JavaScript or TypeScript file that is saved on disk.'));
    return null;
  }

  private async chooseFolder(): Promise<WorkspaceFolder | null> {
    const folders = workspace.workspaceFolders ?? [];
    const active = window.activeTextEditor && workspace.getWorkspaceFolder(window.activeTextEditor.document.uri);
    const folder = active ?? (folders.length > 1 ? await window.showWorkspaceFolderPick({ placeHolder: l10n.t('Folder to run in') }) : folders[0]);
    if (folder) return folder;
    if (folders.length === 0) this.services.notifier.error(l10n.t('No folder is open to run in. Open the folder of your agent first (File: Open Folder…).'));
    return null;
  }
}

/** Saves what is open in the workspace, for the program may import it. False when the file itself could not be saved. */
async function saved(document: TextDocument): Promise<boolean> {
  await workspace.saveAll(false);
  return !document.isDirty || document.save();
}
