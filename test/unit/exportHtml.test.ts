/** The exported page and the webview's page: what is recorded stays data, and only the bundle may run. */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddableJson, renderHtml } from '../../src/profile/exportHtml.ts';
import { sha256, sha256Base64 } from '../../src/profile/sha256.ts';
import { visibleBlock, visibleText } from '../../src/profile/visibleText.ts';
import { webviewHtml } from '../../src/profile/webviewHtml.ts';
import { hostileRun, hostileTexts } from '../fixtures/timelineDocuments.ts';

describe('sha256', () => {
  it('is what Node computes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => Buffer.from(sha256(bytes)).equals(createHash('sha256').update(bytes).digest())));
    const long = 'µ'.repeat(400_000);
    expect(sha256Base64(long)).toBe(createHash('sha256').update(long).digest('base64'));
  });
});

describe('renderHtml', () => {
  const script = 'const a = "</script>", b = "<!--";\r\nconsole.log(a, b)';
  const html = renderHtml(hostileRun(), { text: script, gzip: null }, hostileTexts[1] ?? '', null);

  it('has no element but its own two scripts, whatever is recorded', () => {
    expect(html.match(/<script/gi)).toHaveLength(2);
    expect(html.match(/<\/script/gi)).toHaveLength(2);
    expect(html.includes('<img')).toBe(false);
    expect(html.includes('<!--')).toBe(false);
  });

  it('gives the document back unchanged', () => {
    const json = /<script type="application\/json" id="document">([^<]*)<\/script>/.exec(html)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(hostileRun())));
  });

  it('allows exactly the script that stands in it, and no request', () => {
    const code = /<script>([^]*?)<\/script>/.exec(html)?.[1] ?? '';
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(code).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    expect(html.replace(/<script type="application[^]*?<\/script>/, '')).not.toMatch(/\s(src|href)=/);
  });

  it('carries a script packed, and allows what unpacks it and what it unpacks, nothing else', () => {
    const page = renderHtml(hostileRun(), { text: script, gzip: gzipSync }, 'packed', null);
    const [, packed = ''] = /<script type="text\/plain" id="program">([^<]*)<\/script>/.exec(page) ?? [];
    expect(gunzipSync(Buffer.from(packed, 'base64')).toString()).toBe(script);
    const unpacking = /<script>([^]*?)<\/script>/.exec(page)?.[1] ?? '';
    const hashes = [unpacking, script].map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    expect(page).toContain(`script-src ${hashes.join(' ')};`);
    expect(page.match(/<script/g)).toHaveLength(3);
  });

  it('escapes the title', () => {
    expect(html).toContain('<title>&lt;/script&gt;&lt;script&gt;window.pwned=1&lt;/script&gt;</title>');
  });

  it('embeds any JSON without a character that markup knows', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = embeddableJson(value);
        expect(json).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('webviewHtml', () => {
  const html = webviewHtml({ scriptUri: 'https://file+.vscode-resource.vscode-cdn.net/x/timeline.js?a=1&b="2"', cspSource: "'self' https://*.vscode-cdn.net", nonce: 'abc123', placement: 'sidebar' });

  it('runs one script by its nonce under a policy without unsafe words', () => {
    expect(html).toContain("script-src 'nonce-abc123';");
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('<script nonce="abc123" src="https://file+.vscode-resource.vscode-cdn.net/x/timeline.js?a=1&amp;b=&quot;2&quot;">');
    expect(html).not.toContain('unsafe');
    expect(html).toContain('data-placement="sidebar"');
    expect(html).not.toContain('style=');
  });

  it('carries the language as data that cannot end its element', () => {
    const language = { locale: 'de', textsLocale: 'de', texts: { '</script>': '<script>alert(1)</script>' } };
    const german = webviewHtml({ scriptUri: 'x.js', cspSource: 'self', nonce: 'abc123', placement: 'tab', language });
    expect(german).toContain('<html lang="de">');
    expect(german.match(/<script/g)).toHaveLength(2);
    const [, data = ''] = /<script type="application\/json" id="language">(.*)<\/script>\n<script nonce/.exec(german) ?? [];
    expect(JSON.parse(data)).toEqual(language);
  });
});

const HIDDEN = /[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

describe('visible text', () => {
  it('shows controls, bidi marks and broken surrogates, and cuts', () => {
    expect(visibleText('a\u202eb')).toBe('a⟨U+202E⟩b');
    expect(visibleText('\u001b[31mred')).toBe('␛[31mred');
    expect(visibleText('x\ud800y')).toBe('x\ufffdy');
    expect(visibleText('one\ntwo\tthree')).toBe('one two three');
    expect(visibleBlock('one\r\ntwo', 100)).toBe('one\ntwo');
    expect(visibleText('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxxx…');
    expect(visibleText('日本語 😀 ü')).toBe('日本語 😀 ü');
  });

  it('leaves nothing invisible', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff })).map((points) => String.fromCodePoint(...points)), (text) => !HIDDEN.test(visibleText(text, 1000))));
  });
});
