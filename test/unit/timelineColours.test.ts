/** The timeline's colours, as those see them who do not see all colours. */
import { describe, expect, it } from 'vitest';
import { categoryFills, patternOf, type Rgba } from '../../webview/common/fills.ts';
import { palettes } from '../../webview/common/palettes.ts';
import type { CategoryName } from '../../webview/timeline/model/category.ts';

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/**
 * Linear RGB as it is seen. Machado, Oliveira and Fernandes 2009 (doi 10.1109/TVCG.2009.113), severity 1, as tabulated at
 * https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html; grey by the luminance of sRGB (IEC 61966-2-1).
 */
const sights: Record<string, Matrix> = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
  grey: [[0.2126, 0.7152, 0.0722], [0.2126, 0.7152, 0.0722], [0.2126, 0.7152, 0.0722]],
};

/** A difference in CIELAB that is seen at a glance between two areas beside each other; 2.3 is just noticeable. */
const AT_A_GLANCE = 15;

const times = (rows: Matrix, [a, b, c]: Triple): Triple => [rows[0][0] * a + rows[0][1] * b + rows[0][2] * c, rows[1][0] * a + rows[1][1] * b + rows[1][2] * c, rows[2][0] * a + rows[2][1] * b + rows[2][2] * c];

const linear = (channel: number): number => (channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4);

/** sRGB to XYZ over the white point D65 (IEC 61966-2-1). */
const TO_XYZ: Matrix = [
  [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339 / 1.08883, 0.119192 / 1.08883, 0.9503041 / 1.08883],
];

function lab(color: Rgba, sight: Matrix): Triple {
  const seen = times(sight, [linear(color[0]), linear(color[1]), linear(color[2])]);
  const clamp = (value: number): number => Math.min(1, Math.max(0, value));
  const f = (t: number): number => (t > 216 / 24_389 ? Math.cbrt(t) : ((24_389 / 27) * t + 16) / 116);
  const [x, y, z] = times(TO_XYZ, [clamp(seen[0]), clamp(seen[1]), clamp(seen[2])]);
  return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))];
}

function difference(a: Rgba, b: Rgba, sight: Matrix): number {
  const [p, q] = [lab(a, sight), lab(b, sight)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

const rgba = (hex: string): Rgba => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16), 1];

/** What lies beside each other in a lane. Idle time is no area but a hatch of the background. */
const lanes: Record<string, CategoryName[]> = { llm: ['queue', 'prefill', 'decode', 'llm', 'error'], gpu: ['prefill', 'decode', 'mixed', 'foreign'], tool: ['tool', 'error'] };

function fillsOf(palette: Record<string, string>, contrast: boolean): Record<CategoryName, Rgba> {
  const color = (name: string): Rgba => rgba(palette[name] ?? '');
  return categoryFills(
    { yellow: color('charts-yellow'), orange: color('charts-orange'), blue: color('charts-blue'), green: color('charts-green'), purple: color('charts-purple'), red: color('charts-red') },
    color('foreground'), color('editor-background'), contrast,
  );
}

describe('colours of the timeline', () => {
  it('are seen by this simulation as published: red and green are alike to the deutan, not to the tritan', () => {
    const [red, green] = [rgba('#cc4400'), rgba('#7a8000')];
    expect(difference(red, green, sights['all'] as Matrix)).toBeGreaterThan(60);
    expect(difference(red, green, sights['deutan'] as Matrix)).toBeLessThan(25);
    expect(difference(red, green, sights['tritan'] as Matrix)).toBeGreaterThan(60);
    expect(lab(rgba('#ffffff'), sights['grey'] as Matrix)[0]).toBeCloseTo(100, 1);
  });

  it.each(Object.entries(palettes))('or their patterns tell what lies side by side in %s, to everybody and in grey', (name, palette) => {
    const fills = fillsOf(palette, name.includes('contrast'));
    const alike: string[] = [];
    for (const [lane, names] of Object.entries(lanes)) {
      names.forEach((a, i) => names.slice(i + 1).forEach((b) => {
        if (patternOf[a] !== patternOf[b]) return;
        for (const [sight, matrix] of Object.entries(sights)) if (difference(fills[a], fills[b], matrix) < AT_A_GLANCE) alike.push(`${lane}: ${a} and ${b} to ${sight}`);
      }));
    }
    expect(alike).toEqual([]);
  });

  it.each(Object.entries(palettes))('stand out of the background of %s, to everybody', (name, palette) => {
    const fills = fillsOf(palette, name.includes('contrast'));
    for (const category of ['queue', 'prefill', 'decode', 'tool', 'mixed', 'foreign', 'error'] as const) {
      for (const [sight, matrix] of Object.entries(sights)) expect([category, sight, difference(fills[category], fills.idle, matrix) >= AT_A_GLANCE]).toEqual([category, sight, true]);
    }
  });

  it('need their patterns: by colour alone some would be alike', () => {
    const fills = fillsOf(palettes['vscode-light'] ?? {}, false);
    expect(difference(fills.queue, fills.prefill, sights['protan'] as Matrix)).toBeLessThan(AT_A_GLANCE);
  });
});
