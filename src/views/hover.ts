/** The numbers of a measured line, on hovering over it. */
import { Hover, languages, MarkdownString, type Disposable, type HoverProvider, type Position, type TextDocument } from 'vscode';
import type { CommandId } from '../contributions.ts';
import { lensSettings } from '../host/choices.ts';
import { rawSettings } from '../host/settings.ts';
import { measuredFiles } from './codeLens.ts';
import { functionHoverText } from './functionText.ts';
import { hoverText } from './hoverText.ts';
import type { MeasuredLines } from './measuredLines.ts';

/** All that a link in the hover may do. */
const LINKED: readonly CommandId[] = ['agentCost.showCostOnTimeline'];

class CostHover implements HoverProvider {
  private readonly measured: MeasuredLines;

  constructor(measured: MeasuredLines) {
    this.measured = measured;
  }

  async provideHover(document: TextDocument, position: Position): Promise<Hover | null> {
    const { show } = lensSettings(rawSettings(document.uri));
    const here = (await this.measured.of(document, show)).filter((line) => line.line === position.line);
    const functions = (await this.measured.functionsOf(document)).filter((each) => each.line === position.line);
    if (here.length + functions.length === 0) return null;
    const texts = [
      ...here.map((line) => hoverText(line.run, line.report, line.stale, line.reference, line.history)),
      ...functions.map((each) => functionHoverText(each.run, each.report, each.stale, each.reference)),
    ];
    return new Hover(
      texts.map((markdown) => {
        const text = new MarkdownString(markdown);
        text.isTrusted = { enabledCommands: LINKED };
        return text;
      }),
      document.lineAt(position.line).range,
    );
  }
}

export function registerHover(measured: MeasuredLines): Disposable {
  return languages.registerHoverProvider(measuredFiles, new CostHover(measured));
}
