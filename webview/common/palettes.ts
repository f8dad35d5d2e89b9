/** The editor's theme variables, for pages outside of it only: inside, VS Code itself sets them on the root element. */
export const palettes: Record<string, Record<string, string>> = {
  'vscode-dark': {
    foreground: '#cccccc', 'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'sideBar-background': '#181818', focusBorder: '#0078d4',
    'panel-border': '#2b2b2b', descriptionForeground: '#9d9d9d', 'textLink-foreground': '#4daafc', errorForeground: '#f85149', 'list-hoverBackground': '#2a2d2e',
    'list-activeSelectionBackground': '#04395e', 'list-activeSelectionForeground': '#ffffff', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
    'charts-yellow': '#cca700', 'charts-orange': '#d18616', 'charts-blue': '#3794ff', 'charts-green': '#89d185', 'charts-purple': '#b180d7', 'charts-red': '#f14c4c',
    'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1', 'button-secondaryBackground': '#313131',
    'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c', 'button-border': 'transparent',
    'input-background': '#313131', 'input-foreground': '#cccccc', 'input-placeholderForeground': '#989898', 'settings-textInputBorder': '#3c3c3c',
    'editorHoverWidget-background': '#202020', 'editorHoverWidget-border': '#454545', 'icon-foreground': '#cccccc', contrastBorder: 'transparent', contrastActiveBorder: 'transparent',
    'scrollbarSlider-background': '#79797966',
  },
  'vscode-light': {
    foreground: '#3b3b3b', 'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'sideBar-background': '#f8f8f8', focusBorder: '#005fb8',
    'panel-border': '#e5e5e5', descriptionForeground: '#666666', 'textLink-foreground': '#005fb8', errorForeground: '#c72e0f', 'list-hoverBackground': '#f2f2f2',
    'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
    'charts-yellow': '#bf8803', 'charts-orange': '#d18616', 'charts-blue': '#1a85ff', 'charts-green': '#388a34', 'charts-purple': '#652d90', 'charts-red': '#e51400',
    'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-hoverBackground': '#0258a8', 'button-secondaryBackground': '#e5e5e5',
    'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc', 'button-border': 'transparent',
    'input-background': '#ffffff', 'input-foreground': '#3b3b3b', 'input-placeholderForeground': '#6b6b6b', 'settings-textInputBorder': '#cecece',
    'editorHoverWidget-background': '#f8f8f8', 'editorHoverWidget-border': '#c8c8c8', 'icon-foreground': '#3b3b3b', contrastBorder: 'transparent', contrastActiveBorder: 'transparent',
    'scrollbarSlider-background': '#64646466',
  },
  'vscode-high-contrast': {
    foreground: '#ffffff', 'editor-background': '#000000', 'editor-foreground': '#ffffff', 'sideBar-background': '#000000', focusBorder: '#f38518',
    'panel-border': '#6fc3df', descriptionForeground: '#ffffff', 'textLink-foreground': '#21a6ff', errorForeground: '#f48771', 'list-hoverBackground': '#1a1a1a',
    'list-activeSelectionBackground': '#000000', 'list-activeSelectionForeground': '#ffffff', 'badge-background': '#000000', 'badge-foreground': '#ffffff',
    'charts-yellow': '#cca700', 'charts-orange': '#d18616', 'charts-blue': '#3794ff', 'charts-green': '#89d185', 'charts-purple': '#b180d7', 'charts-red': '#f14c4c',
    'button-background': '#000000', 'button-foreground': '#ffffff', 'button-hoverBackground': '#1a1a1a', 'button-secondaryBackground': '#000000',
    'button-secondaryForeground': '#ffffff', 'button-secondaryHoverBackground': '#1a1a1a', 'button-border': '#6fc3df',
    'input-background': '#000000', 'input-foreground': '#ffffff', 'input-placeholderForeground': '#cccccc', 'settings-textInputBorder': '#6fc3df',
    'editorHoverWidget-background': '#0c141f', 'editorHoverWidget-border': '#6fc3df', 'icon-foreground': '#ffffff', contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518',
    'scrollbarSlider-background': '#6fc3df99',
  },
  'vscode-high-contrast-light': {
    foreground: '#292929', 'editor-background': '#ffffff', 'editor-foreground': '#292929', 'sideBar-background': '#ffffff', focusBorder: '#006bbd',
    'panel-border': '#0f4a85', descriptionForeground: '#292929', 'textLink-foreground': '#0f4a85', errorForeground: '#b5200d', 'list-hoverBackground': '#e8eef5',
    'list-activeSelectionBackground': '#ffffff', 'list-activeSelectionForeground': '#292929', 'badge-background': '#0f4a85', 'badge-foreground': '#ffffff',
    'charts-yellow': '#895503', 'charts-orange': '#a04c00', 'charts-blue': '#0063d3', 'charts-green': '#2a6c2a', 'charts-purple': '#652d90', 'charts-red': '#b5200d',
    'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-hoverBackground': '#0f4a85', 'button-secondaryBackground': '#ffffff',
    'button-secondaryForeground': '#292929', 'button-secondaryHoverBackground': '#e8eef5', 'button-border': '#0f4a85',
    'input-background': '#ffffff', 'input-foreground': '#292929', 'input-placeholderForeground': '#595959', 'settings-textInputBorder': '#0f4a85',
    'editorHoverWidget-background': '#ffffff', 'editorHoverWidget-border': '#0f4a85', 'icon-foreground': '#292929', contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd',
    'scrollbarSlider-background': '#0f4a8566',
  },
};

/** CSS that gives a page outside the editor the variables that the editor would set. */
export function palettesCss(): string {
  const fonts = '--vscode-font-family: system-ui, -apple-system, "Segoe UI", sans-serif; --vscode-font-size: 13px; --vscode-font-weight: normal; --vscode-editor-font-family: ui-monospace, Menlo, Consolas, monospace;';
  return Object.entries(palettes)
    .map(([kind, variables]) => `body.${kind} { color-scheme: ${kind.includes('light') ? 'light' : 'dark'}; ${fonts} ${Object.entries(variables).map(([name, value]) => `--vscode-${name}: ${value};`).join(' ')} }`)
    .join('\n');
}
