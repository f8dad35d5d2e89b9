/** Entry of the in-editor tests: VS Code calls `run` in the extension host. */
import { runSuites } from './runSuite.ts';
import { activationSuite } from './suite/activation.test.ts';
import { badInputSuite } from './suite/badInput.test.ts';
import { debuggingSuite } from './suite/debugging.test.ts';
import { experimentsSuite } from './suite/experiments.test.ts';
import { lensesSuite } from './suite/lenses.test.ts';
import { notebooksSuite } from './suite/notebooks.test.ts';
import { profilingSuite } from './suite/profiling.test.ts';
import { recordingsSuite } from './suite/recordings.test.ts';
import { tasksSuite } from './suite/tasks.test.ts';
import { vllmSuite } from './suite/vllm.test.ts';

export function run(): Promise<void> {
  return runSuites([activationSuite, profilingSuite, lensesSuite, badInputSuite, debuggingSuite, tasksSuite, vllmSuite, notebooksSuite, recordingsSuite, experimentsSuite]);
}
