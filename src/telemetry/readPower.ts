/** Begins to read GPU power, from whatever the spec names. */
import { exporterSource, zeusSource } from './polledSources.ts';
import { PowerCommand } from './powerCommand.ts';
import { PowerPoller } from './powerPoller.ts';
import type { PowerListener, PowerReader, PowerSpec } from './powerSource.ts';

export function readPower(spec: PowerSpec, listener: PowerListener): PowerReader {
  switch (spec.kind) {
    case 'command':
      return new PowerCommand(spec, listener);
    case 'exporter':
      return new PowerPoller(exporterSource(spec), listener);
    case 'zeus':
      return new PowerPoller(zeusSource(spec), listener);
  }
}
