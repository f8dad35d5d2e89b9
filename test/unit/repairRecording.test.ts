/** What a damaged recording becomes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainCrc32, withChecksum } from '../../src/profile/lineChecksum.ts';
import { readRecording, RecordingReader } from '../../src/profile/readRecording.ts';
import { RecordingError } from '../../src/profile/recordingFormat.ts';
import { RecordingRepairer } from '../../src/profile/repairRecording.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, header, recordingText } from './recordingLines.ts';

function repaired(text: string): { text: string; repairer: RecordingRepairer } {
  const repairer = new RecordingRepairer(header({ id: 'substitute', name: 'lost', command: [] }), plainCrc32);
  return { text: text.split('\n').flatMap((line) => repairer.push(line)).join(''), repairer };
}

/** As the recorder writes it. */
function sealed(text: string): string {
  return text.trimEnd().split('\n').map((line) => `${withChecksum(line, plainCrc32)}\n`).join('');
}

const damage = fc.record({ place: fc.nat(), kind: fc.constantFrom('torn', 'zeros', 'garbage', 'twice', 'field', 'header') });

/** A recording with some of its lines (not the header) broken. */
function damaged(text: string, damages: readonly { place: number; kind: string }[]): string {
  const lines = text.trimEnd().split('\n');
  for (const { place, kind } of damages) {
    const at = 1 + (place % Math.max(1, lines.length - 1));
    const line = lines[at];
    if (line === undefined) continue;
    if (kind === 'torn') lines[at] = line.slice(0, line.length >> 1);
    else if (kind === 'zeros') lines[at] = '\0'.repeat(20);
    else if (kind === 'garbage') lines.splice(at, 0, '}{ not a line', '{"type":"call"}', '[]', '"x"', '7');
    else if (kind === 'twice') lines.splice(at, 0, line);
    else if (kind === 'field') lines[at] = line.replace(/"t":[^,]+/, '"t":"soon"');
    else lines.splice(at, 0, lines[0] ?? '');
  }
  return `${lines.join('\n')}\n`;
}

describe('a damaged recording', () => {
  it('says the same when repaired, and has no damage left', () => {
    fc.assert(
      fc.property(arbitraryRecording, fc.array(damage, { maxLength: 4 }), (whole, damages) => {
        const text = damaged(whole, damages);
        const before = new RecordingReader();
        before.push(text);
        before.finish();
        const after = new RecordingReader();
        after.push(repaired(text).text);
        after.finish();
        expect(after.damaged).toBe(0);
        expect(after.profile).toEqual({ ...before.profile, warnings: before.profile.warnings.filter(({ code }) => code !== 'damagedLines') });
      }),
    );
  });

  it('without a readable header has one that claims nothing', () => {
    const lines = recordingText(header(), call('a', 10), callEnd('a', 20), end(30)).trimEnd().split('\n');
    for (const first of [['{"type":"header","form'], [], ['\0\0\0']]) {
      const { text, repairer } = repaired([...first, ...lines.slice(1)].join('\n'));
      expect(readRecording(text)).toMatchObject({ header: { id: 'substitute', name: 'lost' }, calls: [{ start: { id: 'a' }, end: { t: 20 } }], end: { t: 30 } });
      expect([repairer.headerMade, repairer.kept]).toEqual([true, 3]);
    }
  });

  it('keeps what a later release may have added', () => {
    const text = recordingText(header(), { ...call('a', 10), later: { x: 1 } }, { type: 'laterLine', t: 3, y: 2 }, end(30));
    expect(repaired(text).text).toBe(sealed(text));
  });

  it('says which lines are left out, and why, without end to the list', () => {
    const { repairer } = repaired(`${recordingText(header())}{"torn\n${JSON.stringify({ ...call('a', 1), attempt: 0 })}\n${'x\n'.repeat(100)}`);
    expect(repairer.leftOut.slice(0, 2)).toEqual([{ line: 2, why: 'it is no whole JSON' }, { line: 3, why: 'its field attempt is not valid', lost: 'call a' }]);
    expect([repairer.leftOut.length, repairer.leftOutCount]).toEqual([20, 102]);
  });

  it('has checksums of its own, and not the lines that do not match theirs', () => {
    const lines = sealed(recordingText(header(), call('a', 10), callEnd('a', 20), end(30))).split('\n');
    const changed = lines.with(2, lines[2]!.replace('"t":20', '"t":21'));
    const { text, repairer } = repaired(changed.join('\n'));
    expect(text).toBe(lines.toSpliced(2, 1).join('\n'));
    expect(repairer.leftOut).toEqual([{ line: 3, why: 'it does not match its checksum', lost: 'the end of call a' }]);
    expect(repaired(lines.join('\n')).text).toBe(lines.join('\n'));
  });

  it('of a newer version is refused, and an older one upgraded', () => {
    expect(() => repaired(JSON.stringify({ ...header(), version: 99 }))).toThrow(RecordingError);
    const old = { ...header(), version: 1 };
    expect(JSON.parse(repaired(JSON.stringify(old)).text)).toMatchObject({ version: header().version });
  });
});
