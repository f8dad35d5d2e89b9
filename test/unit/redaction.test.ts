import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import { redactLine } from '../../src/recorder/redaction/redactLine.ts';
import { Redactor, toldOf } from '../../src/recorder/redaction/redactor.ts';
import { BUILT_IN_RULES, parseRedactionRules, RedactionRuleError } from '../../src/recorder/redaction/rules.ts';
import { arbitraryLines } from './arbitraryRecording.ts';

const redacted = (text: string, ...rules: string[]): string => new Redactor(parseRedactionRules(rules)).text(text);
const letters = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kL7n';

describe('built-in rules', () => {
  it.each([
    ['OpenAI', `sk-proj-${letters}`],
    ['Anthropic', `sk-ant-api03-${letters}_-${letters}`],
    ['GitHub', `ghp_${letters.slice(0, 36)}`],
    ['GitHub, fine-grained', `github_pat_${letters}`],
    ['GitLab', `glpat-${letters.slice(0, 20)}`],
    ['AWS', 'AKIAIOSFODNN7EXAMPLE'],
    ['Google', `AIza${letters.slice(0, 35)}`],
    ['Slack', 'xoxb-17653672481-19874698323'],
    ['Hugging Face', `hf_${letters.slice(0, 34)}`],
    ['Stripe', `sk_live_${letters.slice(0, 24)}`],
    ['npm', `npm_${letters.slice(0, 36)}`],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'],
    ['a PEM', '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow==\n-----END RSA PRIVATE KEY-----'],
    ['a PEM in JSON that was cut off', '-----BEGIN PRIVATE KEY-----\\nMIIEow'],
  ])('know the secrets of %s', (_, secret) => {
    expect(redacted(`before ${secret}`, 'secrets')).toBe('before [redacted: secrets]');
    expect(redacted(JSON.stringify({ key: secret }), 'secrets')).not.toContain(secret.slice(12));
  });

  it('take a password out of an address and a header, and leave the rest of them', () => {
    expect(redacted('postgres://app:hunter2@db:5432/x and https://example.com:8080/a@b', 'secrets')).toBe('postgres://app:[redacted: secrets]@db:5432/x and https://example.com:8080/a@b');
    expect(redacted('curl -H "Authorization: Bearer abcdef123456" x', 'secrets')).toBe('curl -H "Authorization: Bearer [redacted: secrets]" x');
    expect(redacted('{\\"authorization\\": \\"Basic dXNlcjpwYXNz\\"}', 'secrets')).toBe('{\\"authorization\\": \\"Basic [redacted: secrets]\\"}');
  });

  it.each(['sk-learn-pipelines-and-transformers', 'risk-assessment-of-the-year-2024-report', 'the AKIA prefix', 'basic authorization: ask the basic question', '-----BEGIN CERTIFICATE-----'])('leave %j', (text) => {
    expect(redacted(text, 'secrets')).toBe(text);
  });

  it.each([
    ['email', 'mail Jane.Doe+x@mail.example.co.uk, now', 'mail [redacted: email], now'],
    ['email', 'a decorator @property, user@host', 'a decorator @property, user@host'],
    ['phone', 'call +1 (415) 555-2671 or 030 1234 5678 or +4915123456789.', 'call [redacted: phone] or [redacted: phone] or [redacted: phone].'],
    ['phone', '2026-11-30 at 12:30, 1234567 tokens, pages 10-20', '2026-11-30 at 12:30, 1234567 tokens, pages 10-20'],
    ['card', 'card 4111 1111 1111 1111 and 5500-0000-0000-0004', 'card [redacted: card] and [redacted: card]'],
    ['card', 'order 4111111111111112 and 0000000000000000', 'order 4111111111111112 and 0000000000000000'],
    ['ip', 'from 10.0.0.12 to 999.1.1.1, v1.2.3', 'from [redacted: ip] to 999.1.1.1, v1.2.3'],
  ])('%s: %j', (rule, text, expected) => {
    expect(redacted(text, rule)).toBe(expected);
  });
});

describe('hints', () => {
  const pieces = [
    'sk-', 'ghp_', 'github_pat_', 'glpat-', 'AKIA', 'ACCA', 'AIza', 'xoxb-', 'hf_', 'rk_test_', 'npm_', 'pypi-', 'eyJ', '.eyJ', letters, letters.slice(0, 16), letters.slice(0, 10), 'ABCDEFGH12345678', '-----BEGIN ', 'RSA ', 'PRIVATE KEY-----',
    'https', '://', 'user', ':', 'pass\u00a0word', '@', 'host', '/', ' ', '\n', '\v', '"', 'aUthorization', 'Authorization', '=', 'Bearer ', 'basic ', '+49', '(030)', '-', '.', '12', '345', '6789', '4111 1111 1111 1111', '192.168.0.1', 'mail@example.org', 'ſ', 'K',
  ];

  it.each(BUILT_IN_RULES.map((name) => [name]))('of %s are there wherever the rule finds something', (name) => {
    const [rule] = parseRedactionRules([name]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 }), (parts) => {
        const text = parts.join('');
        if (rule!.pattern.matcher(text).find()) expect(rule!.hint!.test(text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a rule of one’s own', () => {
  it('replaces the first group that took part, else the whole, each time', () => {
    expect(redacted('ticket T-1, T-22', 'ticket=T-\\d+')).toBe('ticket [redacted: ticket], [redacted: ticket]');
    expect(redacted('name: Jane; alias: JD;', 'name=name: (\\w+)|alias: (\\w+)')).toBe('name: [redacted: name]; alias: [redacted: name];');
    expect(redacted('é😀 T-1 😀', 'ticket=T-\\d+')).toBe('é😀 [redacted: ticket] 😀');
  });

  it.each([
    [['none', 'email'], /other rules are given with it/],
    [['a=x', 'a=y'], /two rules of the name "a"/],
    [['email=x'], /name of a built-in rule/],
    [['1=x'], /has to begin with a letter/],
    [['a=('], /RE2/],
    [['a=(x)\\1'], /no back-references/],
    [['a=x*'], /found in empty text/],
    [['__proto__'], /it is none of secrets/],
  ])('is refused in %j, saying why', (rules, message) => {
    expect(() => parseRedactionRules(rules)).toThrow(RedactionRuleError);
    expect(() => parseRedactionRules(rules)).toThrow(message);
  });
});

it('none is no rule', () => {
  expect(parseRedactionRules(['none'])).toEqual([]);
});

describe('redaction', () => {
  it('leaves lines that can be read, with the same figures, and none of what it looks for', () => {
    fc.assert(
      fc.property(arbitraryLines, (objects) => {
        const lines = objects.map((object) => recordingLineSchema.parse(object));
        const redactor = new Redactor(parseRedactionRules([...BUILT_IN_RULES, 'letter=[a-e]']));
        for (const line of lines) {
          const now = recordingLineSchema.parse(JSON.parse(JSON.stringify(redactLine(line, redactor))));
          if (now.type === 'callEnd' && line.type === 'callEnd') {
            expect({ ...now, text: null, error: null, toolCalls: [] }).toEqual({ ...line, text: null, error: null, toolCalls: [] });
            expect((now.text ?? '').replaceAll('[redacted: letter]', '')).not.toMatch(/[a-e]/);
          } else if (now.type === 'call' && line.type === 'call') {
            expect(now.request.messages.map(({ chars, role }) => [chars, role])).toEqual(line.request.messages.map(({ chars, role }) => [chars, role]));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts a message that is sent again once, and says what it did', () => {
    const redactor = new Redactor(parseRedactionRules(['email']));
    const once = redactor.message('0123456789abcdef', 'to a@example.com');
    expect(redactor.message('0123456789abcdef', 'to a@example.com')).toBe(once);
    expect(redactor.message('fedcba9876543210', 'nothing')).toEqual({ hash: 'fedcba9876543210', text: 'nothing' });
    expect(redactor.message(null, 'to b@example.com')).toEqual({ hash: null, text: 'to [redacted: email]' });
    expect(toldOf(redactor)).toEqual([expect.stringContaining('email 2 times')]);
    expect(toldOf(new Redactor([]))).toEqual([]);
  });

  it('takes time by the text’s length alone', () => {
    // A backtracking engine would take longer than the universe is old.
    const text = `${'a'.repeat(50_000)}!`;
    expect(redacted(text, 'evil=(?:a+)+b', 'worse=(?:a|a)*c')).toBe(text);
    for (const rule of BUILT_IN_RULES) expect(redacted('1-'.repeat(30_000) + 'a.'.repeat(20_000), rule)).toBeTypeOf('string');
  });
});
