// Timers by their name, and the pauses before a fresh way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timers, Tries } from '../src/tries.ts';
import { Clock } from './clock.ts';

const SECOND = 1000;

class Scene {
  readonly clock = new Clock();
  readonly timers = new Timers(this.clock);
  readonly told: string[] = [];
  readonly tries = new Tries(this.timers, {
    way: (way) => this.told.push(way),
    shows: (shows) => this.told.push(`shows ${shows.length}`),
  });
  /** What came of timers. */
  readonly ran: string[] = [];
  readonly run = (what: string) => () => void this.ran.push(what);
  /** A way is lost: how long until a fresh one. */
  pause(): number {
    this.tries.lost(this.run('open'));
    return this.clock.next;
  }
}

test('of each name there is one timer, the last one', () => {
  const { clock, timers, ran, run } = new Scene();
  timers.set('a', run('first'), SECOND);
  timers.set('b', run('other'), 2 * SECOND);
  timers.set('a', run('second'), 3 * SECOND);
  clock.pass(5 * SECOND);
  assert.deepEqual(ran, ['other', 'second']);
});

test('what is cancelled does not run, and the others do', () => {
  const { clock, timers, ran, run } = new Scene();
  for (const name of ['a', 'b', 'c']) timers.set(name, run(name), SECOND);
  timers.cancel('b');
  timers.cancel('never set');
  clock.pass(SECOND);
  assert.deepEqual(ran, ['a', 'c']);
  for (const name of ['a', 'b']) timers.set(name, run(name), SECOND);
  timers.clear();
  assert.equal(clock.waiting, 0);
});

test('pauses grow up to a bound, and are short again once a way is open, or somebody says so', () => {
  const scene = new Scene();
  const pauses = () => [1, 2, 3, 4, 5, 6, 7].map(() => scene.pause() / SECOND);
  const growing = [0.5, 1, 2, 4, 8, 15, 15];
  assert.deepEqual(pauses(), growing);
  scene.tries.opens();
  assert.deepEqual(pauses(), growing);
  scene.tries.afresh();
  assert.deepEqual(pauses(), growing);
  scene.clock.pass(15 * SECOND);
  assert.deepEqual(scene.ran, ['open'], 'one fresh way, however often one was lost');
});

test('a way that does not open in time is lost, and one that is open is not', () => {
  const { clock, tries, ran, run } = new Scene();
  tries.wait(run('lost'));
  clock.pass(19 * SECOND);
  assert.deepEqual(ran, []);
  clock.pass(SECOND);
  assert.deepEqual(ran, ['lost']);
  tries.wait(run('lost'));
  tries.opens();
  clock.pass(60 * SECOND);
  assert.deepEqual(ran, ['lost']);
});

test('it is told whether a way was open before, and nothing is shown of one that is not', () => {
  const { tries, told, run } = new Scene();
  tries.begins();
  tries.lost(run('open'));
  tries.opens();
  tries.lost(run('open'));
  tries.begins();
  assert.deepEqual(told, ['connecting', 'shows 0', 'closed', 'shows 0', 'open', 'lost', 'shows 0', 'connecting', 'shows 0']);
});
