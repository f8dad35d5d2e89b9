/** GPUs whose power other tools than `nvidia-smi` print: the tool is started, and its first reading waited for. */
import { findExecutable } from '../instrument/findExecutable.ts';
import type { TelemetryChoice } from '../protocol/telemetryOption.ts';
import { AMD_LIST, AMD_LOOP, parseAmdList } from '../telemetry/amdSmi.ts';
import { chooseGpus, GpuChoiceError } from '../telemetry/gpuChoice.ts';
import { echoingScript, POWER_EVERY_MS, PowerCommand } from '../telemetry/powerCommand.ts';
import { powermetricsCommand } from '../telemetry/powermetrics.ts';
import { INSTEAD, type PowerCommandSpec } from '../telemetry/powerSource.ts';
import { tegraLoop } from '../telemetry/tegrastats.ts';
import { PATIENCE_MS, run, throughSsh } from './powerCommands.ts';
import { ProfilerError } from './profilerError.ts';
import type { Power, TelemetryNeeds } from './telemetry.ts';

type Tool = Extract<TelemetryChoice, { kind: 'tool' }>['tool'];

const REMEDIES: Record<Tool, string> = {
  'amd-smi': 'Look whether "amd-smi monitor" runs there in a terminal.',
  tegrastats: 'It is a Jetson\u2019s, and its lines must have the power of the GPU\u2019s rail: look at them in a terminal.',
  powermetrics: 'It needs root: run "sudo -v" in a terminal first, or let your sudoers file allow it without a password.',
};

/** @throws ProfilerError */
export async function toolPower(needs: TelemetryNeeds, tool: Tool, host: string | null): Promise<Power> {
  const where = host === null ? tool : `${tool} on ${host}`;
  const program = host === null ? findExecutable(tool, process.env, process.cwd()) : tool;
  if (program === null) throw new ProfilerError('telemetryFailed', `There is no ${tool} on this machine.`);
  const gpus = tool === 'amd-smi' ? await amdGpus(needs, program, host, where) : [0];
  const loop = { 'amd-smi': [program, ...AMD_LOOP], tegrastats: [program, ...tegraLoop(POWER_EVERY_MS)], powermetrics: powermetricsCommand(POWER_EVERY_MS) }[tool];
  const argv = host === null ? loop : throughSsh(host, echoingScript(loop));
  const power: PowerCommandSpec = { kind: 'command', source: where, format: tool, commands: [{ field: '', argv }], echoes: host !== null, gpus };
  const trouble = await firstReading(power);
  if (trouble !== null) throw new ProfilerError('telemetryFailed', `${trouble} ${REMEDIES[tool]}`);
  return { power, gpuName: null, warning: null };
}

/** @throws ProfilerError */
async function amdGpus(needs: TelemetryNeeds, program: string, host: string | null, where: string): Promise<number[]> {
  const argv = [program, ...AMD_LIST];
  const list = await run(host === null ? argv : throughSsh(host, argv.map((word) => `'${word}'`).join(' ')), PATIENCE_MS);
  const present = parseAmdList(list.stdout);
  if (present.length === 0) {
    const why = [list.stderr, list.failure ?? ''].map((text) => text.trim()).find((text) => text !== '') ?? 'it lists no GPU';
    throw new ProfilerError('telemetryFailed', `The GPU's power cannot be read from ${where}: ${why.replaceAll(/\s+/g, ' ').slice(0, 300)}. ${REMEDIES['amd-smi']}`);
  }
  try {
    return chooseGpus(present, null, needs.gpuIndexes, needs.gpuCount).indexes;
  } catch (error) {
    if (error instanceof GpuChoiceError) throw new ProfilerError('telemetryFailed', error.message);
    throw error;
  }
}

/** What hinders it, or null once there is a reading. */
function firstReading(spec: PowerCommandSpec): Promise<string | null> {
  return new Promise((resolve) => {
    const end = (trouble: string | null): void => {
      clearTimeout(timer);
      reader.close();
      resolve(trouble);
    };
    const timer = setTimeout(() => end(`${spec.source} gives no reading in ${PATIENCE_MS / 1000} s.`), PATIENCE_MS);
    const reader = new PowerCommand(spec, {
      onReading: ({ watts }) => watts !== null && end(null),
      onTrouble: (_code, message) => end(message.replace(INSTEAD, '').trim()),
    });
  });
}
