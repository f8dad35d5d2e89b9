/** Colours for the canvas, read from the editor's theme variables, or from the palettes of `pageStyles.ts` outside of it. */
import { categoryFills, mix, type Rgba } from './fills.ts';
import { categories, type CategoryName } from '../timeline/model/category.ts';

export interface Theme {
  background: string;
  /** Bars behind the minimap and details. */
  side: string;
  foreground: string;
  dim: string;
  line: string;
  focus: string;
  fill: Record<CategoryName, string>;
  /** Text on a fill. */
  ink: Record<CategoryName, string>;
  /** Fills as 0x00BBGGRR by category number, for the pixel strip. */
  pixels: Uint32Array;
  /** A high-contrast theme: outlines and patterns, not colour alone. */
  contrast: boolean;
  outline: string;
  font: string;
  /** Changes whenever anything above does: a key for what is cached from it. */
  key: string;
}

let probe: CanvasRenderingContext2D | null = null;

/** Any CSS colour as numbers, by letting the browser paint it. */
function toRgba(color: string): Rgba {
  probe ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (probe === null) return [128, 128, 128, 1];
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = '#808080';
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [red = 128, green = 128, blue = 128, alpha = 255] = probe.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

function css(color: Rgba): string {
  return `rgb(${color[0]}, ${color[1]}, ${color[2]})`;
}

function luminance(color: Rgba): number {
  const linear = (value: number): number => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

/** White where it can be read (3:1, the figure for graphics and strong text), else black. */
function inkOn(fill: Rgba): string {
  return 1.05 / (luminance(fill) + 0.05) >= 3 ? '#ffffff' : '#1a1a1a';
}

/** Reads the theme as it is now. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const variable = (name: string, fallback: string): string => style.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const contrast = document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light');
  const background = toRgba(variable('editor-background', '#1f1f1f'));
  const over = (color: Rgba): Rgba => (color[3] < 1 ? mix(color, background, color[3]) : color);
  const foreground = over(toRgba(variable('foreground', variable('editor-foreground', '#cccccc'))));
  // Some themes give a chart's colour as a veil over text (orange, as of 2026): a phase needs it in full, and one that is all veil is none.
  const chart = (name: string, fallback: string): Rgba => {
    const [red, green, blue, alpha] = toRgba(variable(`charts-${name}`, fallback));
    return alpha === 0 ? toRgba(fallback) : [red, green, blue, 1];
  };
  const charts = { yellow: chart('yellow', '#cca700'), orange: chart('orange', '#d18616'), blue: chart('blue', '#3794ff'), green: chart('green', '#89d185'), purple: chart('purple', '#b180d7'), red: chart('red', '#f14c4c') };
  const fills = categoryFills(charts, foreground, background, contrast);
  const fill = {} as Record<CategoryName, string>;
  const ink = {} as Record<CategoryName, string>;
  const pixels = new Uint32Array(categories.length);
  categories.forEach((name, index) => {
    const color = fills[name];
    fill[name] = css(color);
    const quiet = name === 'request' || name === 'step' || name === 'nested' || name === 'idle';
    ink[name] = quiet ? css(foreground) : inkOn(color);
    // A hair-thin request would vanish in a contrast theme, where its fill is the background.
    const shown = contrast && quiet ? foreground : color;
    pixels[index] = (shown[2] << 16) | (shown[1] << 8) | shown[0];
  });
  const theme = {
    background: css(background),
    side: css(over(toRgba(variable('sideBar-background', variable('editorWidget-background', '#181818'))))),
    foreground: css(foreground),
    dim: contrast ? css(foreground) : css(mix(foreground, background, 0.68)),
    line: contrast ? css(mix(foreground, background, 0.45)) : css(mix(foreground, background, 0.1)),
    focus: css(over(toRgba(variable('focusBorder', '#0078d4')))),
    fill,
    ink,
    pixels,
    contrast,
    outline: css(over(toRgba(variable('contrastBorder', css(foreground))))),
    font: `11px ${variable('font-family', 'system-ui, "Segoe UI", sans-serif')}`,
  };
  return { ...theme, key: JSON.stringify([theme.background, theme.foreground, theme.fill, theme.contrast, theme.font]) };
}

/** Gives the page's styles the colours that the canvas draws with: `--fill-prefill` and so on. */
export function publishFills(theme: Theme): void {
  for (const name of categories) document.body.style.setProperty(`--fill-${name}`, theme.fill[name]);
}

/** Background, text and font of the editor as they are now, as #rrggbb, and whether its theme is of high contrast. */
export function readPlainTheme(): { background: string; foreground: string; fontFamily: string; contrast: boolean } {
  const theme = readTheme();
  const hex = (color: string): string => `#${toRgba(color).slice(0, 3).map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
  return { background: hex(theme.background), foreground: hex(theme.foreground), fontFamily: getComputedStyle(document.body).fontFamily, contrast: theme.contrast };
}

/** Calls `changed` whenever the editor changes its theme (it swaps the body's class and the variables on the root). */
export function watchTheme(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}

/** Outside the editor the page follows the system: sets the classes that the editor would set. */
export function followSystemTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more), (forced-colors: active)');
  const apply = (): void => {
    const kind = contrast.matches ? (dark.matches ? 'vscode-high-contrast' : 'vscode-high-contrast-light') : dark.matches ? 'vscode-dark' : 'vscode-light';
    document.body.classList.remove('vscode-dark', 'vscode-light', 'vscode-high-contrast', 'vscode-high-contrast-light');
    document.body.classList.add(kind);
    document.body.dataset['vscodeThemeKind'] = kind;
  };
  apply();
  dark.addEventListener('change', apply);
  contrast.addEventListener('change', apply);
}
