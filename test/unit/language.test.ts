/** Texts and numbers in the language that is spoken. */
import * as l10n from '@vscode/l10n';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { formatCount } from '../../src/profile/formatCount.ts';
import { formatBytes, formatCarbon, formatDuration, formatEnergy, formatPercent, formatPower, formatTokens, formatUsd } from '../../src/profile/formatValue.ts';
import { ENGLISH, localNumber, localTime, speak, type Texts } from '../../src/profile/language.ts';

const speakNumbersOf = (locale: string): void => speak({ ...ENGLISH, locale });

afterEach(() => speak(ENGLISH));

/** U+202F, between groups of digits in French. */
const NARROW_NO_BREAK_SPACE = '\u202f';
const NO_BREAK_SPACE = '\u00a0';

describe('numbers', () => {
  it('are as programs read them until a language is spoken', () => {
    expect([localNumber(1234567), localNumber('0.10'), formatUsd(1234.5), formatUsd(1.5), formatCount(12345, 'call')]).toEqual(['1234567', '0.10', '$1235', '$1.50', '12345 calls']);
  });

  it('have the signs of English', () => {
    speakNumbersOf('en');
    expect([formatDuration(1214), formatUsd(1234.5), formatCount(12345, 'call')]).toEqual(['1.21 s', '$1,235', '12,345 calls']);
  });

  it('have a comma and points in German, and units as everywhere', () => {
    speakNumbersOf('de');
    expect([formatDuration(1214), formatDuration(123_000), formatDuration(-1214)]).toEqual(['1,21 s', '2 min 03 s', '-1,21 s']);
    expect([formatTokens(1310), formatTokens(12_100), formatTokens(210)]).toEqual(['1,3k', '12,1k', '210']);
    expect([formatEnergy(0.1234), formatEnergy(1e-9), formatPower(1434), formatBytes(1800), formatCarbon(0.37)]).toEqual(['0,123 Wh', '<0,01 µWh', '1,43 kW', '1,8 kB', '370 mg CO₂e']);
    expect([formatPercent(0.004), formatPercent(0.0004), formatPercent(0.72)]).toEqual(['0,4 %', '<0,1 %', '72 %']);
    expect([formatUsd(1.5), formatUsd(0.0000123), formatUsd(1234.5), formatUsd(0), formatUsd(1e-9)]).toEqual(['1,50', '0,000012', '1.235', '0', '<0,000001'].map((amount) => `${amount}${NO_BREAK_SPACE}$`));
    expect(localNumber(1234567)).toBe('1.234.567');
  });

  it('have narrow spaces in French, and groups as people of India make them', () => {
    speakNumbersOf('fr');
    expect([formatDuration(1214), formatCount(12345, 'call')]).toEqual(['1,21 s', `12${NARROW_NO_BREAK_SPACE}345 calls`]);
    speakNumbersOf('en-IN');
    expect(localNumber(1234567)).toBe('12,34,567');
  });

  it('have Latin digits everywhere, as the units have Latin letters', () => {
    speakNumbersOf('ar-EG');
    expect(formatTokens(123)).toBe('123');
  });

  it('are as in English where the language is not known', () => {
    for (const locale of ['xx-pseudo', 'not a language']) {
      speakNumbersOf(locale);
      expect(localNumber('1234.50'), locale).toBe('1,234.50');
    }
  });

  it('lose nothing of what was written, in whatever language', () => {
    fc.assert(
      fc.property(fc.constantFrom('de', 'fr', 'en', 'pl', 'es', 'pt-br', 'zh-cn', 'ru'), fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 6 }), (locale, whole, decimals) => {
        const written = (whole / 10 ** decimals).toFixed(decimals);
        speakNumbersOf(locale);
        expect(localNumber(written).replace(/\D/g, '')).toBe(written.replace('.', ''));
      }),
    );
  });
});

describe('moments', () => {
  const at = new Date(2026, 10, 22, 14, 12);

  it('are written as the language does, and sortable without one', () => {
    expect(localTime(at)).toBe('2026-11-22 14:12');
    speakNumbersOf('de');
    expect(localTime(at)).toBe('22.11.2026, 14:12');
    expect(localTime(new Date(NaN))).toBe('–');
  });
});

describe('texts', () => {
  const texts: Texts = { '{0} call': '{0} Aufruf', '{0} calls': '{0} Aufrufe', 'GPU idle {0}': 'GPU {0} im Leerlauf' };

  it('are looked up by their English, and stay English where there is no other', () => {
    speak({ locale: 'de', textsLocale: 'de', texts });
    expect([l10n.t('GPU idle {0}', '1,2 s'), l10n.t('Not translated')]).toEqual(['GPU 1,2 s im Leerlauf', 'Not translated']);
    speak(ENGLISH);
    expect(l10n.t('GPU idle {0}', '1.2 s')).toBe('GPU idle 1.2 s');
  });

  it('take singular and plural by the rules of their own language, not of the numbers’', () => {
    speak({ locale: 'de', textsLocale: 'de', texts });
    expect([formatCount(0, 'call'), formatCount(1, 'call'), formatCount(2000, 'call')]).toEqual(['0 Aufrufe', '1 Aufruf', '2.000 Aufrufe']);
    speak({ locale: 'fr', textsLocale: 'fr', texts: { '{0} call': '{0} appel', '{0} calls': '{0} appels' } });
    expect([formatCount(0, 'call'), formatCount(2, 'call')]).toEqual(['0 appel', '2 appels']);
    speak({ locale: 'fr', textsLocale: 'en', texts: null });
    expect(formatCount(0, 'call')).toBe('0 calls');
  });

  it('never look into what was put in', () => {
    expect(l10n.t('{0} and {1}', '{1}', 'x')).toBe('{1} and x');
  });
});
