/** Begins to read GPU power, from whatever the spec names. */
import { ExporterPoller } from './exporterPoller.ts';
import { PowerCommand } from './powerCommand.ts';
import type { PowerListener, PowerReader, PowerSpec } from './powerSource.ts';

export function readPower(spec: PowerSpec, listener: PowerListener): PowerReader {
  return spec.kind === 'command' ? new PowerCommand(spec, listener) : new ExporterPoller(spec, listener);
}
