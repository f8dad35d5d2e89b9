/** Reads a page of WebShop: what a shopper sees, and where each button, link and option leads. */

export interface ReadPage {
  /** The visible text, line by line; what can be clicked in brackets, a chosen option in double ones. */
  text: string;
  /** Where a click leads, by its label in lower case. */
  clickables: ReadonlyMap<string, string>;
  canSearch: boolean;
  /** The shopper's wish. */
  instruction: string;
  /** On the page after buying, else null. */
  reward: number | null;
}

const HIDDEN = /<!--[\s\S]*?-->|<![^>]*>|<(head|script|style)\b[\s\S]*?<\/\1>/gi;
const PIECE = /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|([^<]+)/gi;

/** @param path where the page stands: chosen options are in it */
export function readPage(html: string, path: string): ReadPage {
  const clickables = new Map<string, string>();
  const optionPaths = new Map<string, string>();
  const lines: string[] = [];
  let form: string | null = null;
  let link: string | null = null;
  let label: string | null = null;
  let inButton = false;
  let canSearch = false;
  for (const [, slash, name = '', attributes = '', raw] of html.replace(HIDDEN, '').matchAll(PIECE)) {
    const isEnd = slash === '/';
    if (raw !== undefined) {
      const text = decode(raw).replace(/\s+/g, ' ').trim();
      if (text === '') continue;
      const target = inButton ? form : (link ?? (label === null ? null : (optionPaths.get(label) ?? null)));
      if (target === null) lines.push(text);
      else if (!(inButton && canSearch && text.toLowerCase() === 'search')) {
        clickables.set(text.toLowerCase(), target);
        lines.push(label !== null && isChosen(path, text) ? `[[${text}]]` : `[${text}]`);
      }
      continue;
    }
    switch (name.toLowerCase()) {
      case 'form':
        form = isEnd ? null : attribute(attributes, 'action');
        break;
      case 'button':
        inButton = !isEnd;
        break;
      case 'a':
        link = isEnd ? null : attribute(attributes, 'href');
        break;
      case 'label':
        label = isEnd ? null : attribute(attributes, 'for');
        break;
      case 'input': {
        if (attribute(attributes, 'id') === 'search_input') canSearch = true;
        const [id, url] = [attribute(attributes, 'id'), attribute(attributes, 'data-url')];
        if (id !== null && url !== null) optionPaths.set(id, url);
      }
    }
  }
  const reward = /id="reward"[^>]*>[\s\S]*?<pre[^>]*>\s*([\d.]+)/.exec(html);
  return { text: lines.join('\n'), clickables, canSearch, instruction: instructionOf(html), reward: reward === null ? null : Number(reward[1]) };
}

function attribute(attributes: string, name: string): string | null {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(attributes);
  return found === null ? null : decode(found[1] ?? found[2] ?? '');
}

function instructionOf(html: string): string {
  const found = /id="instruction-text"[^>]*>\s*<h4[^>]*>([\s\S]*?)<\/h4>/i.exec(html);
  return decode((found?.[1] ?? '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').replace(/^\s*Instruction:\s*/i, '').trim();
}

/** Options stand in the address as a dictionary: `{"color": "red"}` here, `{'color': 'red'}` on WebShop. */
function isChosen(path: string, value: string): boolean {
  const options = decodeURIComponent(path).split('/').at(-1)!;
  return options.includes(`"${value}"`) || options.includes(`'${value}'`);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal));
  });
}
