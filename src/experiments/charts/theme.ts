/** Colours of charts: told apart by people who see colours differently, and by marker and text besides. */

export interface ChartTheme {
  background: string;
  foreground: string;
  /** Notes beside what matters. */
  dim: string;
  grid: string;
  /** In order of use. `soft` is the same over the background, for what is predicted. */
  series: readonly { solid: string; soft: string }[];
  /** The paper's own values. */
  published: string;
  fontFamily: string;
}

/**
 * Hues of Okabe and Ito's set for colour-blind readers (https://jfly.uni-koeln.de/color/), darker where they would be too faint on white
 * and lighter on black: each is at least 3:1 to its background, what WCAG 2.1 asks of graphics (1.4.11).
 */
const ON_LIGHT = ['#0072b2', '#d55e00', '#00805c', '#a8487f', '#8a6d00', '#56606e', '#4b2e83'];
const ON_DARK = ['#56b4e9', '#f58a42', '#2cc295', '#e39bc4', '#e6d24a', '#b4bdc9', '#8f7be8'];
/** How much of the colour is in a soft one. */
const SOFT_SHARE = 0.4;

export type Rgb = readonly [red: number, green: number, blue: number];

/** @throws RangeError for what is not of the form #rrggbb */
export function rgbOf(hex: string): Rgb {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (digits === null) throw new RangeError(`not a colour of the form #rrggbb: ${hex}`);
  return [1, 2, 3].map((group) => Number.parseInt(digits[group]!, 16)) as unknown as Rgb;
}

function mix(color: string, background: string, share: number): string {
  const below = rgbOf(background);
  return `#${rgbOf(color).map((channel, index) => Math.round(channel * share + below[index]! * (1 - share)).toString(16).padStart(2, '0')).join('')}`;
}

/** Relative luminance (WCAG 2.1, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance), 0 to 1. */
export function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => (channel / 255 <= 0.04045 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4)) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** A theme for a background and a text colour, such as an editor's; both as #rrggbb. */
export function themeOn(background: string, foreground: string, fontFamily: string, isHighContrast = false): ChartTheme {
  const colors = luminance(rgbOf(background)) > 0.2 ? ON_LIGHT : ON_DARK;
  return {
    background,
    foreground,
    dim: isHighContrast ? foreground : mix(foreground, background, 0.72),
    grid: mix(foreground, background, isHighContrast ? 0.45 : 0.14),
    series: colors.map((solid) => ({ solid, soft: mix(solid, background, SOFT_SHARE) })),
    published: foreground,
    fontFamily,
  };
}

/** Before anything else is asked for: whatever sans-serif there is. `Inter` is what widths are reckoned with. */
const SANS = 'Inter, system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif';
export const LIGHT_THEME = themeOn('#ffffff', '#1f2328', SANS);
export const DARK_THEME = themeOn('#16181d', '#e6e8eb', SANS);

/** Each colour of a theme by the name that a page gives it. */
function variables({ background, foreground, dim, grid, series, published }: ChartTheme): [name: string, color: string][] {
  const own = series.flatMap(({ solid, soft }, index): [string, string][] => [[`--chart-${index}`, solid], [`--chart-${index}-soft`, soft]]);
  return [['--chart-background', background], ['--chart-foreground', foreground], ['--chart-dim', dim], ['--chart-grid', grid], ['--chart-published', published], ...own];
}

/** A theme whose colours are the page's variables, so that one drawing is light or dark as its reader wants it. */
export const PAGE_THEME: ChartTheme = {
  background: 'var(--chart-background)',
  foreground: 'var(--chart-foreground)',
  dim: 'var(--chart-dim)',
  grid: 'var(--chart-grid)',
  series: ON_LIGHT.map((_, index) => ({ solid: `var(--chart-${index})`, soft: `var(--chart-${index}-soft)` })),
  published: 'var(--chart-published)',
  fontFamily: SANS,
};

/** What `PAGE_THEME` needs of the page's style sheet. */
export function pageThemeCss(): string {
  const declare = (theme: ChartTheme) => variables(theme).map(([name, color]) => `${name}: ${color};`).join(' ');
  return `:root { ${declare(LIGHT_THEME)} }\n@media (prefers-color-scheme: dark) { :root { ${declare(DARK_THEME)} } }`;
}
