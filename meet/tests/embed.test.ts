// The page around: who is told what, and what it may ask for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Embed, type Told, brought } from '../src/embed.ts';

const SHOP = 'https://shop.example';
const LOCAL = 'http://localhost:5173';

class Frame {
  readonly posted: [Told, string][] = [];
  readonly done: string[] = [];
  readonly embed: Embed;

  constructor(sites: readonly string[] = [SHOP, LOCAL], referrer = '') {
    this.embed = new Embed(sites, referrer, {
      post: (told, origin) => this.posted.push([told, origin]),
      now: () => ({ stage: 'lobby', microphone: false, camera: true }),
      mute: (input) => this.done.push(input),
      hangUp: () => this.done.push('hang-up'),
    });
  }
}

test('the page around is known by where one came from, or by its hello, and told alone', () => {
  for (const [referrer, origin] of [
    [`${SHOP}/`, SHOP],
    [`${LOCAL}/page?x#y`, LOCAL],
    [SHOP, SHOP],
    ['https://shop.example.evil.example/', undefined],
    ['https://shop.example:8443/', undefined],
    ['https://evil.example/https://shop.example/', undefined],
    ['', undefined],
  ] as const) {
    const frame = new Frame([SHOP, LOCAL], referrer);
    frame.embed.tell({ type: 'samtal:joined', person: 'att_1', role: 'speaker' });
    const told = origin ? [[{ type: 'samtal:joined', person: 'att_1', role: 'speaker' }, origin]] : [];
    assert.deepEqual(frame.posted, told, referrer);
  }
  const frame = new Frame();
  frame.embed.hear(LOCAL, { type: 'samtal:hello' });
  assert.deepEqual(frame.posted, [[{ type: 'samtal:ready', stage: 'lobby', microphone: false, camera: true }, LOCAL]]);
  frame.embed.over('left');
  assert.deepEqual(frame.posted.at(-1), [{ type: 'samtal:left', why: 'left' }, LOCAL]);
});

test('others are neither told nor heard', () => {
  for (const sites of [[SHOP], []]) {
    const frame = new Frame(sites);
    for (const origin of ['https://evil.example', 'null', '', 'https://shop.example.evil.example', 'https://shop.example:8443', 'http://shop.example']) {
      for (const type of ['samtal:hello', 'samtal:mute', 'samtal:hang-up']) {
        frame.embed.hear(origin, { type, microphone: true, camera: true });
      }
    }
    frame.embed.muted(true, true);
    frame.embed.over('ended');
    assert.deepEqual([frame.posted, frame.done], [[], []]);
  }
});

test('a page around mutes and hangs up, and turns nothing on', () => {
  const frame = new Frame();
  frame.embed.hear(SHOP, { type: 'samtal:mute', microphone: true });
  frame.embed.hear(SHOP, { type: 'samtal:mute', microphone: false, camera: true });
  frame.embed.hear(SHOP, { type: 'samtal:mute', microphone: false, camera: false });
  frame.embed.hear(SHOP, { type: 'samtal:hang-up' });
  assert.deepEqual(frame.done, ['microphone', 'camera', 'hang-up']);
  // That alone makes it nobody's to whom something is told.
  assert.deepEqual(frame.posted, []);
});

test('what has another shape does nothing', () => {
  const frame = new Frame();
  const odd = [
    undefined, null, 0, '', 'samtal:hang-up', [], ['samtal:hang-up'], {}, { type: null }, { type: ['samtal:hang-up'] }, { type: 'hang-up' },
    { type: 'SAMTAL:HANG-UP' }, { type: 'samtal:mute' }, { type: 'samtal:mute', microphone: 'true', camera: 1 }, { type: 'samtal:joined' },
  ];
  for (const data of odd) frame.embed.hear(SHOP, data);
  assert.deepEqual([frame.posted, frame.done], [[], []]);
});

test('what is on is told where it has changed, and why it is over', () => {
  const frame = new Frame([SHOP], `${SHOP}/`);
  for (const [microphone, camera] of [[false, false], [false, false], [true, false], [true, true], [true, true]] as const) {
    frame.embed.muted(microphone, camera);
  }
  assert.deepEqual(frame.posted.map(([told]) => told), [
    { type: 'samtal:muted', microphone: false, camera: false },
    { type: 'samtal:muted', microphone: true, camera: false },
    { type: 'samtal:muted', microphone: true, camera: true },
  ]);
  for (const why of ['ended', 'gone'] as const) {
    frame.embed.over(why);
    assert.deepEqual(frame.posted.at(-1), [{ type: 'samtal:ended' }, SHOP]);
  }
  for (const why of ['left', 'removed', 'refused', 'elsewhere', 'closed'] as const) {
    frame.embed.over(why);
    assert.deepEqual(frame.posted.at(-1), [{ type: 'samtal:left', why }, SHOP]);
  }
});

test('who one is stands behind the address', () => {
  assert.deepEqual(brought('#token=smm_1&person=att_1&secret=s'), { token: 'smm_1', person: 'att_1', secret: 's' });
  assert.deepEqual(brought('#token=smm_1'), { token: 'smm_1', person: '', secret: '' });
  assert.deepEqual(brought('#token=smm_1&person=att_1'), { token: 'smm_1', person: '', secret: '' });
  for (const hash of ['', '#', '#main', '#token=', '#person=att_1&secret=s']) assert.equal(brought(hash), undefined);
});
