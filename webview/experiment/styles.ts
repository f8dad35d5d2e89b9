/** The page's stylesheet, adopted as a constructed sheet: a strict content security policy needs to allow nothing for it. */
const css = `
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; padding: 0; }
body { background: var(--vscode-editor-background); color: var(--vscode-foreground); font-family: var(--vscode-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.45; }
.hidden { display: none !important; }
.visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.experiment { display: flex; flex-direction: column; height: 100%; min-width: 0; }
.dim { color: var(--vscode-descriptionForeground); }

.header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 6px 14px; border-bottom: 1px solid var(--vscode-panel-border, transparent); flex: none; }
.header h1 { margin: 0; font-size: 13px; font-weight: 600; }
.header .badge { font-size: 10px; line-height: 15px; border: 1px solid var(--vscode-descriptionForeground); border-radius: 8px; padding: 0 7px; color: var(--vscode-descriptionForeground); }
.header .grow { flex: 1; }
.header .tools { display: flex; gap: 6px; }
.progress { display: flex; align-items: center; gap: 8px; }
.progress progress { width: 120px; height: 4px; accent-color: var(--vscode-focusBorder); }

.columns { flex: 1; min-height: 0; display: flex; }
nav { flex: none; width: 220px; overflow-y: auto; padding: 8px 0; border-right: 1px solid var(--vscode-panel-border, transparent); background: var(--vscode-sideBar-background); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav button { display: block; width: 100%; padding: 4px 14px; border: none; background: none; color: var(--vscode-foreground); font: inherit; text-align: left; cursor: pointer; }
nav button:hover { background: var(--vscode-list-hoverBackground); }
nav button[aria-current='true'] { background: var(--vscode-list-activeSelectionBackground); color: var(--vscode-list-activeSelectionForeground); outline: 1px solid var(--vscode-contrastActiveBorder, transparent); outline-offset: -1px; }
nav button .what { display: block; font-size: 11px; opacity: .8; }

article { flex: 1; min-width: 0; overflow-y: auto; padding: 10px 18px 24px; }
article:focus-visible { outline: none; }
article h2 { margin: 0 0 8px; font-size: 16px; font-weight: 600; }
article h3 { margin: 18px 0 4px; font-size: 12px; font-weight: 600; }
article ul { margin: 0; padding-left: 1.4em; max-width: 90ch; }
.fails { font-weight: 600; color: var(--vscode-errorForeground); }
.chart { position: relative; height: 400px; max-width: 1100px; margin: 0 0 18px; }
.chart.error { height: auto; color: var(--vscode-errorForeground); }

.table { overflow-x: auto; max-width: 1100px; }
table { border-collapse: collapse; min-width: 60%; }
th, td { text-align: left; padding: 2px 14px 2px 0; border-bottom: 1px solid var(--vscode-panel-border, transparent); vertical-align: top; }
th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }

.state { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 10px; text-align: center; padding: 24px; }
.state strong { font-size: 14px; font-weight: 600; }
.state p { margin: 0; max-width: 60ch; color: var(--vscode-descriptionForeground); overflow-wrap: anywhere; }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: -1px; }

@media (max-width: 640px) {
  .columns { flex-direction: column; }
  nav { width: auto; max-height: 30%; border-right: none; border-bottom: 1px solid var(--vscode-panel-border, transparent); }
}
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { transition: none !important; animation: none !important; } }
`;

export function adoptStyles(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
