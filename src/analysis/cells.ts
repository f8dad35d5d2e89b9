/** A notebook's cell that ran more than once, unchanged, is one place in the source, though each run has a name of its own. */
import { notebookCell } from '../profile/notebookCell.ts';
import type { Profile } from '../profile/model.ts';
import type { Site } from '../profile/recordingFormat.ts';

/** The same profile with each run of a cell under the name of its last run with this text: the number that the notebook shows. */
export function withCellsJoined(profile: Profile): Profile {
  const names = lastNames(profile);
  if (names.size === 0) return profile;
  const joined = (sites: Site[]): Site[] => sites.map((site) => ({ ...site, file: names.get(site.file) ?? site.file }));
  return {
    ...profile,
    sources: profile.sources.filter(({ file }) => !names.has(file)),
    calls: profile.calls.map((call) => ({ ...call, start: { ...call.start, frames: joined(call.start.frames) } })),
    hookSpans: profile.hookSpans.map((span) => ({ ...span, start: { ...span.start, frames: joined(span.start.frames) } })),
  };
}

/** For each name of a cell that has a later one, the last. */
function lastNames({ sources }: Profile): ReadonlyMap<string, string> {
  const byText = new Map<string, { file: string; execution: number }[]>();
  for (const { file, sha256 } of sources) {
    const cell = notebookCell(file);
    if (cell === null) continue;
    const key = `${sha256} ${cell.notebook}`;
    byText.set(key, [...(byText.get(key) ?? []), { file, execution: cell.execution }]);
  }
  const names = new Map<string, string>();
  for (const runs of byText.values()) {
    const last = runs.reduce((latest, run) => (run.execution > latest.execution ? run : latest));
    for (const { file } of runs) if (file !== last.file) names.set(file, last.file);
  }
  return names;
}
