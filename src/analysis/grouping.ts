import type { Site } from '../profile/recordingFormat.ts';
import type { ReportSpan } from '../profile/report.ts';

/** Groups items by a key, keeping their order; the groups are in order of their first item. */
export function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** A key of spans by process and line, which is made once for spans that came the same way. */
export function keyBySite(keyOf: (pid: number | null, site: Site | null) => string): (span: ReportSpan) => string {
  const keys = new Map<Site | null, { pid: number | null; key: string }>();
  return ({ pid, site }) => {
    let known = keys.get(site);
    if (known === undefined || known.pid !== pid) keys.set(site, (known = { pid, key: keyOf(pid, site) }));
    return known.key;
  };
}
