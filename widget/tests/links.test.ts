// Which part of a text is an address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieces } from '../src/links.ts';

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
  for (const end of ['.', ',', '?', '!', ':', ';', '...', '…', '?!', "'", '**', '。', '！']) {
    assert.deepEqual(found(`https://a.example/x${end}`), ['https://a.example/x'], end);
  }
});

test('no link leads elsewhere than it says', () => {
  assert.deepEqual(found('https://bank.example@evil.example/'), []);
  assert.deepEqual(found('https://bank.example:443@evil.example/'), []);
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
});
