/**
 * Whom texts and numbers are made for. English, with numbers as programs read them, until `speak` says otherwise: so do
 * the command line, reports, exports and exported pages. The editor, its threads and its webviews speak the user's
 * language; each says so once, before anything else is loaded, as some texts are made when their module is.
 */
import * as l10n from '@vscode/l10n';

/** Texts by their English, as `vscode.l10n.bundle` has them. */
export type Texts = Readonly<Record<string, string | { message: string; comment: string[] }>>;

/** A language as it passes between the editor, its threads and its webviews: plain data. */
export interface Language {
  /** How numbers and dates are written: a BCP 47 tag; null as programs write them. */
  locale: string | null;
  /** In what language `texts` are: a BCP 47 tag. */
  textsLocale: string;
  /** Null: all stays English. */
  texts: Texts | null;
}

export const ENGLISH: Language = { locale: null, textsLocale: 'en', texts: null };

/** Whether what is written in `ENGLISH` can be shown to who reads this language: it differs in how it writes thousands alone. */
export function readsEnglish({ locale, texts }: Language): boolean {
  return texts === null && (locale === null || /^en\b/i.test(locale));
}

interface NumberForms {
  /** By how many decimals there are. */
  decimals: Intl.NumberFormat[];
  /** What stands around an amount of dollars. */
  dollars: readonly [before: string, after: string];
}

/** Numbers of three digits are few: most of those that are drawn have been written before. */
const MOST_REMEMBERED = 5000;

let language = ENGLISH;
let forms: NumberForms | null = null;
let plurals = new Intl.PluralRules('en');
const remembered = new Map<string, string>();

/** From now on texts and numbers are made for this language. Of an unknown locale, numbers are as in English. */
export function speak(next: Language): void {
  language = next;
  l10n.config({ contents: next.texts ?? {} });
  plurals = new Intl.PluralRules(known(next.textsLocale));
  forms = next.locale === null ? null : { decimals: [], dollars: dollarsOf(known(next.locale)) };
  remembered.clear();
}

export function spoken(): Language {
  return language;
}

function known(locale: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

/** Digits are the Latin ones everywhere, as units are. */
function numberFormat(locale: string, decimals: number): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, numberingSystem: 'latn' });
}

function dollarsOf(locale: string): readonly [string, string] {
  const parts = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', maximumFractionDigits: 0, numberingSystem: 'latn' }).formatToParts(1);
  const at = parts.findIndex(({ type }) => type === 'integer');
  const textOf = (list: readonly Intl.NumberFormatPart[]): string => list.map(({ value }) => value).join('');
  return [textOf(parts.slice(0, at)), textOf(parts.slice(at + 1))];
}

/** A number that was rounded and written as JavaScript does (`1234.50`), with the language's signs (`1.234,50`). */
export function localNumber(written: string | number): string {
  const text = String(written);
  if (forms === null) return text;
  const before = remembered.get(text);
  if (before !== undefined) return before;
  const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
  const local = (forms.decimals[decimals] ??= numberFormat(known(language.locale ?? 'en'), decimals)).format(Number(text));
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(text, local);
  return local;
}

/** What stands before decimals. */
export function decimalSign(): string {
  return localNumber('0.1').slice(1, -1);
}

/** An amount of US dollars, its number already written: `$1.50`, `1,50 $`. */
export function localDollars(amount: string): string {
  const [before, after] = forms?.dollars ?? ['$', ''];
  return `${before}${amount}${after}`;
}

/** A moment of the wall clock, here: `2026-11-22 14:12`, or as the language writes it. */
export function localTime(at: Date): string {
  if (Number.isNaN(at.getTime())) return '–';
  if (language.locale !== null) return at.toLocaleString(known(language.locale), { dateStyle: 'medium', timeStyle: 'short', numberingSystem: 'latn' });
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Whether a count takes the singular in the language of the texts. */
export function isSingular(count: number): boolean {
  return plurals.select(count) === 'one';
}
