// The sentences that the server puts into the page are those that the page says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'app/src/meeting.rs'), 'utf8');
const table = page.slice(page.indexOf('pub const WORDS'), page.indexOf('];', page.indexOf('pub const WORDS')));
const keys = [...table.matchAll(/\(\s*"([a-z_]+)",\s*noted!/g)].map(([, key]) => key ?? '');
/** The files that say something, without what is only compared, or is the name of something else. */
const code = ['main', 'chat', 'people', 'stage', 'devices']
  .map((name) => readFileSync(join(root, `meet/src/${name}.ts`), 'utf8').replace(/([!=]==|case|show\(|\|) '\w+'|show\('\w+'\)/g, ''))
  .join('\n');

test('each sentence is said somewhere, by its key or by how that begins', () => {
  assert.ok(keys.length > 50);
  const begins = (key: string) => key.slice(0, key.lastIndexOf('_') + 1);
  const said = (key: string) => code.includes(`'${key}'`) || (begins(key) !== '' && code.includes(`\`${begins(key)}\${`));
  assert.deepEqual(keys.filter((key) => !said(key)), []);
});

test('each key that is said has a sentence', () => {
  const said = [...code.matchAll(/\bsay\('([a-z_]+)'/g)].map(([, key]) => key ?? '');
  assert.ok(said.length > 40);
  assert.deepEqual(said.filter((key) => !keys.includes(key)), []);
});
