/**
 * The page's stylesheet, adopted as a constructed sheet: no style element, no attribute, so a strict content security
 * policy needs to allow nothing for it.
 */
const css = `
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; padding: 0; }
body { background: var(--vscode-editor-background); color: var(--vscode-foreground); font-family: var(--vscode-font-family, system-ui, sans-serif); font-size: 12px; line-height: 1.45; overflow: hidden; }
body { --page-background: var(--vscode-editor-background); }
body[data-placement='sidebar'] { --page-background: var(--vscode-sideBar-background, var(--vscode-editor-background)); background: var(--page-background); }
.app { display: flex; flex-direction: column; height: 100%; min-width: 0; }
.dim { color: var(--vscode-descriptionForeground); }
.hidden { display: none !important; }
.visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.header { display: flex; align-items: center; flex-wrap: wrap; gap: 4px 12px; min-height: 36px; padding: 4px 10px; border-bottom: 1px solid var(--vscode-panel-border, transparent); flex: none; }
.header h1 { margin: 0; font-size: 12px; font-weight: 600; max-width: 28ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.header .sums { white-space: nowrap; font-variant-numeric: tabular-nums; }
.header .grow { flex: 1; }
.header .tools { display: flex; align-items: center; gap: 4px; }
.badge { font-size: 10px; line-height: 15px; border: 1px solid var(--vscode-descriptionForeground); border-radius: 8px; padding: 0 7px; color: var(--vscode-descriptionForeground); white-space: nowrap; max-width: 44ch; overflow: hidden; text-overflow: ellipsis; }
.badge.bad { color: var(--vscode-errorForeground); border-color: var(--vscode-errorForeground); }
.badge.live { color: var(--vscode-foreground); border-color: var(--vscode-charts-red); }
.badge.live::before { content: ''; display: inline-block; width: 7px; height: 7px; border-radius: 50%; background: var(--vscode-charts-red); margin-right: 5px; }
.search { display: flex; align-items: center; gap: 6px; }
.search vscode-text-field { width: 190px; }
.search .count { min-width: 4.5em; max-width: 30em; font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.tools vscode-button[aria-pressed='true'] { outline: 1px solid var(--vscode-focusBorder); border-radius: 5px; }

.tabs { display: flex; gap: 2px; }
.tab { font: inherit; color: var(--vscode-foreground); background: none; border: none; border-radius: 3px; padding: 3px 9px; cursor: pointer; }
.tab:hover { background: var(--vscode-list-hoverBackground); }
.tab[aria-selected='true'] { background: color-mix(in srgb, var(--vscode-foreground) 12%, transparent); outline: 1px solid var(--vscode-contrastActiveBorder, transparent); outline-offset: -1px; }
.tab:focus-visible { outline: 1px solid var(--vscode-focusBorder); }

.body { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.view { flex: 1; min-width: 0; min-height: 0; display: flex; flex-direction: column; }
.stage { flex: 1; min-height: 120px; min-width: 0; display: flex; flex-direction: column; position: relative; outline: none; }
.stage:focus-visible:not(.by-pointer)::after, .stage.list-focus::after { content: ''; position: absolute; inset: 0; border: 1px solid var(--vscode-focusBorder); pointer-events: none; z-index: 4; }
.minimap { flex: none; display: flex; align-items: center; padding: 7px 10px 0 0; }
.minimap .total { flex: none; padding-left: 10px; color: var(--vscode-descriptionForeground); white-space: nowrap; overflow: hidden; font-size: 10.5px; letter-spacing: -.01em; }
.minimap canvas { display: block; touch-action: none; }
.scroller { flex: 1; min-height: 0; overflow-x: hidden; overflow-y: auto; position: relative; }
.scroller .sticky { position: sticky; top: 0; left: 0; height: 0; z-index: 1; }
.scroller canvas { position: absolute; top: 0; left: 0; display: block; }
.scroller .overlay { pointer-events: none; }
.scroller canvas.lanes { touch-action: none; cursor: default; }
.scroller canvas.lanes.pointing { cursor: pointer; }
.scroller canvas.lanes.selecting { cursor: col-resize; }
.scroller canvas.lanes.dragging { cursor: grabbing; }
.beside { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 3px 10px; border-bottom: 1px solid var(--vscode-panel-border, transparent); font-size: 11.5px; }
.lane-names { position: absolute; left: 0; top: 22px; width: 320px; overflow: hidden; pointer-events: none; }
.lane-names button { pointer-events: auto; }
.lane-names button { position: absolute; left: 0; width: 76px; padding: 0 2px 0 4px; border: none; background: none; color: var(--vscode-descriptionForeground); font: 11px var(--vscode-font-family, system-ui, sans-serif); text-align: left; white-space: nowrap; overflow: hidden; cursor: pointer; display: flex; align-items: flex-start; touch-action: none; }
.lane-names button.head { width: auto; max-width: 300px; padding-right: 6px; color: var(--vscode-foreground); background: var(--page-background); }
.lane-names button.member { padding-left: 12px; }
.lane-names button:hover { color: var(--vscode-foreground); }
.lane-names button.edge { cursor: ns-resize; border-bottom: 1px solid var(--vscode-focusBorder); }
.lane-names button.pinned { border-left: 2px solid var(--vscode-focusBorder); padding-left: 2px; }
.lane-names button:focus-visible { outline-offset: -1px; }
.lane-names .fold { width: 10px; flex: none; font-size: 8px; opacity: .6; }
.lane-names .drop { position: absolute; left: 0; width: 76px; height: 2px; background: var(--vscode-focusBorder); pointer-events: none; }
.sticky .lanes-button { position: absolute; left: 10px; top: 3px; font-size: 10.5px; color: var(--vscode-descriptionForeground); }
.sticky .lanes-button:hover { color: var(--vscode-foreground); }
.menu { position: fixed; z-index: 20; display: flex; flex-direction: column; min-width: 130px; padding: 4px; border-radius: 4px; background: var(--vscode-menu-background, var(--vscode-editorHoverWidget-background, var(--vscode-editor-background))); color: var(--vscode-menu-foreground, var(--vscode-foreground)); border: 1px solid var(--vscode-menu-border, var(--vscode-editorHoverWidget-border, transparent)); box-shadow: 0 2px 8px rgb(0 0 0 / 35%); }
.menu button { padding: 3px 14px 3px 4px; border: none; background: none; color: inherit; font: inherit; text-align: left; border-radius: 3px; cursor: pointer; }
.menu button:hover, .menu button:focus { background: var(--vscode-menu-selectionBackground, var(--vscode-list-activeSelectionBackground)); color: var(--vscode-menu-selectionForeground, var(--vscode-list-activeSelectionForeground)); outline: 1px solid var(--vscode-contrastActiveBorder, transparent); }
.menu [aria-disabled='true'] { opacity: .5; }
.menu .check { display: inline-block; width: 16px; }
.notice { position: absolute; left: 0; right: 0; top: 42%; text-align: center; pointer-events: none; color: var(--vscode-descriptionForeground); padding: 0 16px; z-index: 2; }

.tooltip { position: fixed; left: 0; top: 0; z-index: 10; pointer-events: none; max-width: 380px; padding: 6px 9px; border-radius: 3px; background: var(--vscode-editorHoverWidget-background); border: 1px solid var(--vscode-editorHoverWidget-border, transparent); color: var(--vscode-editorHoverWidget-foreground, var(--vscode-foreground)); box-shadow: 0 2px 8px rgb(0 0 0 / 35%); font-size: 11px; }
.tooltip b { font-weight: 600; overflow-wrap: anywhere; }
.tooltip .row { display: flex; justify-content: space-between; gap: 16px; font-variant-numeric: tabular-nums; }

.details { flex: none; height: clamp(110px, 32%, 210px); max-height: calc(100% - 120px); overflow: auto; align-content: start; display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); border-top: 1px solid var(--vscode-panel-border, transparent); background: var(--vscode-sideBar-background); }
.details section { padding: 9px 13px 10px; border-right: 1px solid var(--vscode-panel-border, transparent); min-width: 0; }
.details section:last-child { border-right: none; }
.details h2 { margin: 0 0 4px; font-size: 10.5px; font-weight: 600; letter-spacing: .04em; text-transform: uppercase; color: var(--vscode-descriptionForeground); }
.details .title { font-weight: 600; overflow-wrap: anywhere; }
.details p { margin: 4px 0 0; overflow-wrap: anywhere; }
.details > p { margin: 9px 13px; }
.details .error { color: var(--vscode-errorForeground); white-space: pre-wrap; }
.details .actions { display: flex; gap: 10px; margin-top: 6px; }
.details pre { margin: 4px 0 0; padding: 6px 8px; max-height: 180px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-family: var(--vscode-editor-font-family, monospace); font-size: 11px; background: var(--vscode-editor-background); border: 1px solid var(--vscode-panel-border, transparent); border-radius: 3px; }
.details .texts { grid-column: span 2; display: flex; flex-direction: column; min-width: 0; }
.details .texts section { border-right: none; }
.details .frames ol { margin: 2px 0 0; padding-left: 22px; }
.details summary { cursor: pointer; overflow-wrap: anywhere; }
.details .message { margin-top: 4px; }
.details .message .state-old, .details .message .state-new { margin-left: 8px; font-size: 10px; border: 1px solid currentcolor; border-radius: 8px; padding: 0 6px; white-space: nowrap; }
.details .message .state-old { color: var(--vscode-descriptionForeground); border-style: dotted; }
.details pre .old { color: var(--vscode-descriptionForeground); }
.details pre .diverges { background: none; color: var(--vscode-charts-orange, currentcolor); font-weight: 700; padding: 0 1px; }
.sash { flex: none; height: 5px; margin: -2px 0; z-index: 3; cursor: ns-resize; touch-action: none; }
.sash:hover, .sash:focus-visible { background: var(--vscode-sash-hoverBorder, var(--vscode-focusBorder)); outline: none; }
.pairs { display: grid; grid-template-columns: auto auto; justify-content: space-between; gap: 1px 14px; margin: 0; }
.pairs dt { color: var(--vscode-foreground); }
.pairs.inner { padding-left: 20px; }
.pairs.inner dt { color: inherit; }
.pairs dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.pairs dd.words { white-space: normal; overflow-wrap: anywhere; }
.pairs dt:has(+ dd.sentence) { grid-column: 1 / -1; }
.pairs dd.sentence { grid-column: 1 / -1; margin-bottom: 4px; text-align: left; white-space: normal; overflow-wrap: anywhere; color: var(--vscode-descriptionForeground); }
.split { display: flex; height: 9px; border-radius: 2px; overflow: hidden; margin: 5px 0 6px; outline: 1px solid var(--vscode-contrastBorder, transparent); }
.split i { display: block; }
.swatch { display: inline-block; width: 8px; height: 8px; border-radius: 2px; margin-right: 6px; outline: 1px solid var(--vscode-contrastBorder, transparent); }
.swatch.idle, .split .idle { background: repeating-linear-gradient(135deg, var(--vscode-descriptionForeground) 0 1px, transparent 1px 4px); }
.swatch.queue, .split .queue { background: var(--fill-queue); }
.swatch.prefill, .split .prefill { background: var(--fill-prefill); }
.swatch.decode, .split .decode { background: var(--fill-decode); }
.swatch.tool, .split .tool { background: var(--fill-tool); }
.swatch.mixed, .split .mixed { background: repeating-linear-gradient(135deg, var(--fill-decode) 0 2px, var(--fill-prefill) 2px 4px); }
.swatch.foreign, .split .foreign { background: var(--fill-foreign); }
.swatch.other, .split .other { background: var(--vscode-panel-border, #888); }
a, .link { color: var(--vscode-textLink-foreground); background: none; border: none; padding: 0; font: inherit; text-align: left; text-decoration: none; cursor: pointer; }
a:hover, .link:hover { text-decoration: underline; }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 1px; }
.stage:focus-visible { outline: none; }

.view-bar { flex: none; display: flex; align-items: center; flex-wrap: wrap; gap: 4px 10px; padding: 5px 10px; }
.view-bar .grow { flex: 1; }
.view-notice { margin: 0; padding: 24px 16px; text-align: center; color: var(--vscode-descriptionForeground); }
.select { white-space: nowrap; }
.select select { font: inherit; color: var(--vscode-dropdown-foreground, var(--vscode-foreground)); background: var(--vscode-dropdown-background, var(--vscode-input-background)); border: 1px solid var(--vscode-dropdown-border, var(--vscode-settings-textInputBorder, var(--vscode-panel-border))); border-radius: 3px; padding: 1px 4px; }
.crumbs { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 60ch; }
.flame { flex: 1; min-height: 120px; position: relative; display: flex; flex-direction: column; border-top: 1px solid var(--vscode-panel-border, transparent); }
.flame:has(> :focus-visible)::after { content: ''; position: absolute; inset: 0; border: 1px solid var(--vscode-focusBorder); pointer-events: none; z-index: 2; }
.flame-scroller { flex: 1; min-height: 0; overflow-x: hidden; overflow-y: auto; position: relative; }
.flame-scroller .sticky { position: sticky; top: 0; left: 0; height: 0; }
.flame-scroller canvas { position: absolute; top: 0; left: 0; display: block; }
.flame-scroller canvas.pointing { cursor: pointer; }
.charts-view { overflow: auto; }
.chart-grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 1px; }
.chart-grid > * { outline: 1px solid var(--vscode-panel-border, transparent); }
.chart-card { background: var(--page-background); padding: 8px 12px; min-width: 0; }
.chart-card h2 { margin: 0; font-size: 12px; font-weight: 600; }
.chart-card p { margin: 2px 0 0; }
.chart-card .chart-missing { padding: 40px 12px; text-align: center; color: var(--vscode-descriptionForeground); }
.chart-legend { display: flex; flex-wrap: wrap; gap: 1px 12px; margin: 4px 0 2px; padding: 0; list-style: none; font-size: 11px; }
.chart-legend li { display: flex; align-items: center; min-width: 0; }
.chart-legend .swatch { flex: none; width: 12px; height: 10px; }
.chart-legend .swatch.line { width: 22px; height: 8px; outline: none; border-radius: 0; }
.chart-room { position: relative; height: 190px; }
.chart-room canvas { cursor: pointer; }
.chart-card summary { cursor: pointer; width: fit-content; font-size: 11px; color: var(--vscode-textLink-foreground); }
.chart-table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 4px 0; }
.chart-table th, .chart-table td { padding: 1px 8px; text-align: right; font-weight: 400; }
.chart-table thead th { font-weight: 600; }
.grid-scroller { flex: 1; min-height: 0; overflow: auto; border-top: 1px solid var(--vscode-panel-border, transparent); }
.grid { border-collapse: separate; border-spacing: 0; table-layout: fixed; width: 100%; font-variant-numeric: tabular-nums; outline: none; }
.grid th { position: sticky; top: 0; z-index: 1; background: var(--page-background); font-weight: 600; padding: 0; border-bottom: 1px solid var(--vscode-panel-border, transparent); width: 76px; }
.grid th.name { width: auto; }
.grid th.calls, .grid th.failed { width: 58px; }
.grid th.idleEnergy { width: 94px; }
.grid th.usd { width: 112px; }
.grid th button { font: inherit; color: inherit; background: none; border: none; width: 100%; height: 24px; padding: 0 6px; text-align: right; cursor: pointer; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.grid th.name button { text-align: left; padding-left: 10px; }
.grid th button:hover { background: var(--vscode-list-hoverBackground); }
.grid th[aria-sort='descending'] button::before { content: '▾ '; }
.grid th[aria-sort='ascending'] button::before { content: '▴ '; }
.grid td { height: 24px; padding: 0 6px; text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.grid td.name { text-align: left; padding-left: 10px; position: sticky; left: 0; background-color: var(--page-background); }
.grid th.name { left: 0; z-index: 2; }
.grid tr:hover td { background-image: linear-gradient(var(--vscode-list-hoverBackground), var(--vscode-list-hoverBackground)); }
.grid tr[aria-selected='true'] td { background-image: linear-gradient(var(--vscode-list-activeSelectionBackground), var(--vscode-list-activeSelectionBackground)); color: var(--vscode-list-activeSelectionForeground); border: solid var(--vscode-contrastActiveBorder, transparent); border-width: 1px 0; }
.grid-scroller:has(.grid:focus-visible) { outline: 1px solid var(--vscode-focusBorder); outline-offset: -1px; }
.app.narrow .grid-scroller { min-height: 120px; }

.calls { margin: 0; padding: 0; list-style: none; }
.calls.shown { flex: 1 1 0px; min-height: 80px; overflow: auto; border-top: 1px solid var(--vscode-panel-border, transparent); }
.calls.shown li { display: grid; grid-template-columns: 14px minmax(0, 1fr) auto; gap: 0 6px; align-items: center; padding: 3px 8px; cursor: pointer; }
.calls.shown li:hover { background: var(--vscode-list-hoverBackground); }
.calls.shown li[aria-selected='true'] { background: var(--vscode-list-activeSelectionBackground); color: var(--vscode-list-activeSelectionForeground); outline: 1px solid var(--vscode-contrastActiveBorder, transparent); outline-offset: -1px; }
.calls.shown li .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.calls.shown li .more { grid-column: 2 / 4; font-size: 11px; opacity: .75; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.calls.shown li .time { font-variant-numeric: tabular-nums; }
.calls.shown li .swatch { margin: 0; }
.swatch.error { background: var(--fill-error); }

dialog.help { max-width: min(680px, 94vw); max-height: 90vh; padding: 14px 18px; border: 1px solid var(--vscode-editorHoverWidget-border, var(--vscode-panel-border, transparent)); border-radius: 4px; background: var(--vscode-editorHoverWidget-background); color: var(--vscode-editorHoverWidget-foreground, var(--vscode-foreground)); box-shadow: 0 2px 12px rgb(0 0 0 / 45%); }
dialog.help::backdrop { background: rgb(0 0 0 / 35%); }
.help h2 { margin: 0 0 8px; font-size: 13px; font-weight: 600; }
.help h3 { margin: 8px 0 3px; font-size: 10.5px; font-weight: 600; letter-spacing: .04em; text-transform: uppercase; color: var(--vscode-descriptionForeground); }
.help .columns { columns: 2 260px; column-gap: 26px; }
.help .group { break-inside: avoid; }
.help dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 0; }
.help dd { margin: 0; }
.help kbd { font-family: var(--vscode-editor-font-family, monospace); font-size: 11px; }
.help .close { float: right; }

.state { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 10px; text-align: center; padding: 24px; }
.state strong { font-size: 14px; font-weight: 600; }
.state p { margin: 0; max-width: 60ch; color: var(--vscode-descriptionForeground); overflow-wrap: anywhere; white-space: pre-line; }
.reading { appearance: none; display: block; width: 100%; height: 3px; border: 0; background: none; }
.reading::-webkit-progress-bar { background: none; }
.reading::-webkit-progress-value { background: var(--vscode-focusBorder); }
.state progress { width: 180px; height: 4px; accent-color: var(--vscode-focusBorder); }

.app.narrow .stage { flex: none; }
.app.narrow .body { overflow-y: auto; }
.app.narrow .view:has(> .calls.shown) { flex: 1 0 auto; }
.app.narrow .minimap { padding-right: 6px; }
.app.narrow .minimap .total { padding-left: 6px; }
.app.narrow .header { gap: 3px 8px; padding: 4px 8px; }
.app.narrow .header .sums { white-space: normal; }
.app.narrow .search, .app.narrow .search vscode-text-field { flex: 1; min-width: 90px; }
.app.narrow .tabs { flex: 1 1 100%; }
.app.narrow .tab { padding: 2px 6px; }
.app.narrow .header .tools { flex-wrap: wrap; flex: 1 1 100%; }
.app.narrow .details { grid-template-columns: 1fr; height: 40%; }
.app.narrow .details section { border-right: none; padding: 7px 10px; }
.app.narrow .details .texts { grid-column: auto; }
.app.side .body { flex-direction: row; }
.app.side .details { width: 340px; max-width: calc(100% - 320px); height: auto; max-height: none; border-top: none; border-left: 1px solid var(--vscode-panel-border, transparent); grid-template-columns: 1fr; align-content: start; }
.app.side .details section { border-right: none; border-bottom: 1px solid var(--vscode-panel-border, transparent); }
.app.side .details .texts { grid-column: auto; }
.app.side .sash { width: 5px; height: auto; margin: 0 -2px; cursor: ew-resize; }
@media (forced-colors: active) { .swatch, .split i { forced-color-adjust: none; } }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { transition: none !important; animation: none !important; } }
`;

/** Adopts the page's styles; `more` goes before them. */
export function adoptStyles(more: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(more + css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
