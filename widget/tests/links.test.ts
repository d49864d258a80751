// Which part of a text is an address, and which stands in a source.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parts, pieces } from '../src/links.ts';

/** The addresses in a text, which is never changed by looking for them. */
function found(text: string): string[] {
  const all = pieces(text);
  assert.equal(all.join(''), text);
  assert.equal(all.length % 2, 1, 'a text at both ends');
  return all.filter((_, at) => at % 2);
}

/** What is found is the address, whole, in the middle of a sentence. */
const whole = (address: string) => {
  assert.deepEqual(found(address), [address]);
  assert.deepEqual(found(`See ${address}, please.`), [address]);
  assert.deepEqual(found(`(${address})`), [address]);
};

test('a text without an address is one piece', () => {
  for (const text of ['', 'Hej', 'https:// is how they begin', 'ftp://a.example', 'javascript:alert(1)', 'xhttp://a.example', 'http://-a']) {
    assert.deepEqual(pieces(text), [text]);
  }
});

test('an address goes as far as its own characters', () => {
  whole('http://a.example');
  whole('HTTPS://A.example:8080/x?y=1&z=2#top');
  whole('https://a.example/~anna/x_y-z+1%20(2),3;4=@!$\'*/');
  assert.deepEqual(found('<https://a.example/x> "https://b.example/y" `https://c.example`'), ['https://a.example/x', 'https://b.example/y', 'https://c.example']);
  assert.deepEqual(found('https://a.example/1\nhttps://a.example/2'), ['https://a.example/1', 'https://a.example/2']);
});

test('hosts and paths of any script', () => {
  whole('https://müller.example/größe');
  whole('https://xn--mller-kva.example/');
  whole('https://例え.テスト/パス?名=値#節');
  whole('https://مثال.إختبار/مسار');
  whole('https://उदाहरण.परीक्षा/हिन्दी');
  whole('https://fa.example/می\u200cخواهم');
  whole('https://a.example/💡');
  assert.deepEqual(found('请看https://a.example/x。'), ['https://a.example/x']);
  assert.deepEqual(found('„https://a.example/x“ «https://b.example»'), ['https://a.example/x', 'https://b.example']);
});

test('a closing bracket belongs to the address if it was opened there', () => {
  whole('https://en.example/wiki/Lamp_(disambiguation)');
  whole('https://a.example/x(1(2))/y[3]');
  assert.deepEqual(found('(see https://en.example/wiki/Lamp_(disambiguation).)'), ['https://en.example/wiki/Lamp_(disambiguation)']);
  assert.deepEqual(found('[a lamp](https://a.example/lamp)'), ['https://a.example/lamp']);
  assert.deepEqual(found('https://a.example/)))'), ['https://a.example/']);
});

test('what ends a sentence does not end an address', () => {
  for (const end of ['.', ',', '?', '!', ':', ';', '...', '…', '?!', "'", '’', '**', '、', '。', '，', '！', '？', '：', '؟', '।']) {
    assert.deepEqual(found(`https://a.example/x${end}`), ['https://a.example/x'], end);
  }
  // These are the address's own.
  for (const end of ['/', '#', '%', '&', '@', '-', '_', '=', '~']) whole(`https://a.example/x${end}`);
});

test('no link leads elsewhere than it says', () => {
  assert.deepEqual(found('https://bank.example@evil.example/'), []);
  assert.deepEqual(found('https://bank.example:443@evil.example/'), []);
  assert.deepEqual(found('https://bank.example,x@evil.example/'), []);
  whole('https://a.example/@name');
  assert.deepEqual(found('https://a.example, or somebody@b.example'), ['https://a.example']);
  // A mark that turns the direction of writing would show the end before the beginning.
  for (const mark of ['\u202e', '\u2066', '\u200f', '\u200b', '\ufeff', '\u0000']) {
    assert.deepEqual(found(`https://a.example/x${mark}y`), ['https://a.example/x'], JSON.stringify(mark));
    assert.deepEqual(found(`https://a.example${mark}.evil.example/`), ['https://a.example'], JSON.stringify(mark));
  }
  assert.deepEqual(found('https://a.example/\ud83d'), ['https://a.example/'], 'half a character');
});

test('as many marks as a message can hold', () => {
  const [open, closed] = ['('.repeat(2_000), ')'.repeat(2_000)];
  assert.deepEqual(found(`https://a.example/${open}${closed}`), [`https://a.example/${open}${closed}`]);
  assert.deepEqual(found(`https://a.example/${closed}`), ['https://a.example/']);
  assert.deepEqual(found(`https://a.example/${'.'.repeat(4_000)}`), ['https://a.example/']);
  assert.deepEqual(found(`https://${'a'.repeat(4_000)}@b.example`), []);
});

/** A text in parts: addresses in angles, what is in a span in brackets with the number of that. */
function inParts(text: string, ...spans: [start?: number, end?: number][]): string {
  const all = (address: (words: string) => string, spanned: (words: string, at: number) => string) =>
    parts(text, spans.map(([start, end]) => ({ start, end })), address, spanned).join('');
  assert.equal(all((words) => words, (words) => words), text, 'no word is changed');
  return all((words) => `<${words}>`, (words, at) => words && `[${at} ${words}]`);
}

test('what is in a span is apart from what is not', () => {
  assert.equal(inParts('Yes. Within 60 days. Bye.'), 'Yes. Within 60 days. Bye.');
  assert.equal(inParts('Yes. Within 60 days. Bye.', [5, 20]), 'Yes. [0 Within 60 days.] Bye.');
  assert.equal(inParts('One. Two. Three.', [0, 4], [10, 16]), '[0 One.] Two. [1 Three.]');
  assert.equal(inParts('One.Two.', [0, 4], [4, 8]), '[0 One.][1 Two.]');
  assert.equal(inParts('', [0, 4]), '');
});

test('a span is counted in characters, not in units of UTF-16', () => {
  assert.equal(inParts('💡 Få räkor 🦐. Åter 💡.', [2, 13], [14, 21]), '💡 [0 Få räkor 🦐.] [1 Åter 💡.]');
});

test('an address in a span, or half in one, stays whole', () => {
  const text = 'See https://a.example/x?y=💡 now.';
  const [address, length] = ['https://a.example/x?y=💡', [...text].length];
  assert.equal(inParts(text, [0, length]), `[0 See ]<${address}>[0  now.]`);
  // A sentence may be taken to end with the mark in the middle.
  assert.equal(inParts(text, [0, 24]), `[0 See ]<${address}> now.`);
  assert.equal(inParts(text, [24, length]), `See <${address}>[0  now.]`);
  assert.equal(inParts(text, [0, 24], [24, length]), `[0 See ]<${address}>[1  now.]`);
  assert.equal(inParts(text, [4, 27]), `See <${address}> now.`);
  assert.equal(inParts('https://a.example/1 https://a.example/2', [0, 39]), '<https://a.example/1>[0  ]<https://a.example/2>');
});

test('of two spans for the same words the first counts, and one that is nowhere for none', () => {
  assert.equal(inParts('One. Two.', [0, 4], [0, 4], [5, 9]), '[0 One.] [2 Two.]');
  assert.equal(inParts('One. Two.', [], [5, 9]), 'One. [1 Two.]');
  assert.equal(inParts('One. Two.', [5, 40]), 'One. [0 Two.]');
  assert.equal(inParts('One. Two.', [40, 50], [4, 4], [8, 2]), 'One. Two.');
  assert.equal(inParts('One. Two.', [0, 6], [3, 9]), '[0 One. T][1 wo.]');
});
