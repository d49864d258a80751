// The socket against a server that is played.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientFrame, ServerFrame } from '../src/frames.ts';
import { type Over, type Pass, type Status, type Wire, signal } from '../src/signal.ts';
import { Clock, settle } from './clock.ts';

const SECOND = 1000;

class Line implements Wire {
  onopen: Wire['onopen'] = null;
  onmessage: Wire['onmessage'] = null;
  onclose: Wire['onclose'] = null;
  private frames: ClientFrame[] = [];
  closed = false;

  private opened = false;

  send(text: string): void {
    // As browsers do.
    if (!this.opened) throw new Error('InvalidStateError: still connecting');
    if (this.closed) throw new Error('sent on a closed socket');
    this.frames.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  open(): this {
    this.opened = true;
    this.onopen?.();
    return this;
  }
  says(...frames: ServerFrame[]): this {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
    return this;
  }
  ends(code: number): void {
    this.closed = true;
    this.onclose?.({ code });
  }
  heard(): ClientFrame[] {
    return this.frames.splice(0);
  }
}

const welcome = (token: string, heartbeat_s = 30): ServerFrame => ({
  type: 'welcome',
  socket: 7,
  person: 'p1',
  role: 'speaker',
  meeting: { code: 'c', title: 'Talk', locked: false, waiting_room: false },
  people: [],
  messages: [],
  token,
  heartbeat_s,
  ice_servers: [],
});

class Tab {
  readonly clock = new Clock();
  readonly lines: Line[] = [];
  readonly statuses: Status[] = [];
  readonly frames: ServerFrame[] = [];
  readonly overs: Over[] = [];
  passes: Pass[] = [];
  asked = 0;
  chance = 0;
  open = false;
  readonly signal;

  constructor(consent?: true) {
    const { now, later, cancel } = this.clock;
    this.signal = signal(
      'first',
      {
        ...(consent && { consent }),
        media: () => this.open,
        now,
        later,
        cancel,
        random: () => this.chance,
        dial: () => {
          const line = new Line();
          this.lines.push(line);
          return line;
        },
        pass: async () => {
          this.asked++;
          return this.passes.shift();
        },
      },
      {
        status: (status) => this.statuses.push(status),
        frame: (frame) => this.frames.push(frame),
        over: (why) => this.overs.push(why),
      },
    );
  }
  get line(): Line {
    return this.lines.at(-1) as Line;
  }
  get status(): Status | undefined {
    return this.statuses.at(-1);
  }
  live(): this {
    this.line.open().says(welcome('second'));
    this.line.heard();
    return this;
  }
}

test('that one has agreed is said with each hello', () => {
  const tab = new Tab(true);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'first', consent: true }]);
});

test('that media is open still is said by who comes back, as it is then', () => {
  const tab = new Tab();
  tab.live();
  tab.open = true;
  tab.line.ends(1012);
  tab.clock.pass(SECOND);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'second', media: true, was: 7 }]);
  tab.open = false;
  tab.line.ends(1012);
  tab.clock.pass(5 * SECOND);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'second', was: 7 }]);
});

test('who leaves while the line is being opened has left', () => {
  const tab = new Tab().live();
  tab.line.ends(1012);
  tab.clock.pass(SECOND);
  tab.signal.leave();
  assert.deepEqual([tab.overs, tab.line.closed], [['left'], true]);
});

test('it says hello with its token, and is live once welcomed', () => {
  const tab = new Tab();
  assert.equal(tab.signal.send({ type: 'hand', up: true }), false, 'not before');
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'first' }]);
  tab.line.says(welcome('second'));
  assert.deepEqual(tab.statuses, ['connecting', 'live']);
  assert.equal(tab.signal.send({ type: 'hand', up: true }), true);
  assert.deepEqual(tab.line.heard(), [{ type: 'hand', up: true }]);
});

test('who waits is let in on the same line', () => {
  const tab = new Tab();
  tab.line.open().says({ type: 'waiting' });
  assert.equal(tab.status, 'waiting');
  assert.equal(tab.signal.send({ type: 'hand', up: true }), false);
  tab.line.says(welcome('second'));
  assert.equal(tab.status, 'live');
  assert.equal(tab.lines.length, 1);
});

test('after a cut it comes back with the latest token', () => {
  const tab = new Tab().live();
  tab.line.says({ type: 'token', token: 'third' });
  tab.line.ends(1012);
  assert.equal(tab.status, 'cut');
  assert.equal(tab.signal.send({ type: 'hand', up: true }), false);
  tab.clock.pass(SECOND);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'third', was: 7 }]);
  tab.line.says(welcome('fourth'));
  assert.equal(tab.status, 'live');
});

test('a token that is no good is asked for anew', async () => {
  const tab = new Tab();
  tab.passes = [{ token: 'fresh' }];
  tab.line.open().ends(1008);
  tab.clock.pass(SECOND);
  await settle();
  assert.equal(tab.asked, 1);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', token: 'fresh' }]);
});

test('whoever may not come back is told so, and dials no more', async () => {
  const tab = new Tab();
  tab.passes = [{ over: 'removed' }];
  tab.line.ends(1008);
  tab.clock.pass(SECOND);
  await settle();
  assert.deepEqual(tab.overs, ['removed']);
  tab.clock.pass(600 * SECOND);
  tab.signal.wake();
  assert.equal(tab.lines.length, 1);
  assert.equal(tab.clock.waiting, 0);
});

test('asking for a token where there is no network is tried again', async () => {
  const tab = new Tab();
  tab.passes = [undefined, { token: 'fresh' }];
  tab.line.ends(1008);
  tab.clock.pass(SECOND);
  await settle();
  assert.equal(tab.lines.length, 1);
  tab.clock.pass(2 * SECOND);
  await settle();
  assert.equal(tab.asked, 2);
  assert.equal(tab.lines.length, 2);
});

test('the pause doubles up to a quarter of a minute, with up to half more by chance', () => {
  for (const [chance, factor] of [[0, 1], [1, 1.5]] as const) {
    const tab = new Tab();
    tab.chance = chance;
    for (const seconds of [0.5, 1, 2, 4, 8, 15, 15]) {
      tab.line.ends(1006);
      assert.equal(tab.clock.next, seconds * SECOND * factor);
      tab.clock.pass(tab.clock.next);
    }
  }
});

test('after too many frames the pause is longer', () => {
  const tab = new Tab().live();
  tab.line.ends(1013);
  assert.equal(tab.clock.next, 5 * SECOND);
});

test('only a line that held makes the next pause short', () => {
  const tab = new Tab();
  for (const seconds of [0.5, 1, 2]) {
    tab.live().line.ends(1006);
    assert.equal(tab.clock.next, seconds * SECOND);
    tab.clock.pass(tab.clock.next);
  }
  tab.live().clock.pass(11 * SECOND);
  tab.line.ends(1006);
  assert.equal(tab.clock.next, 0.5 * SECOND);
});

test('what has ended for good is said once', () => {
  for (const type of ['removed', 'refused', 'ended'] as const) {
    const tab = new Tab().live();
    const [line] = tab.lines as [Line];
    line.says({ type });
    line.onclose?.({ code: 1000 });
    tab.clock.pass(600 * SECOND);
    assert.deepEqual(tab.overs, [type]);
    assert.equal(tab.lines.length, 1);
    assert.ok(line.closed);
  }
});

test('the same person in another tab ends this one', () => {
  const tab = new Tab().live();
  tab.line.ends(4001);
  tab.clock.pass(600 * SECOND);
  assert.deepEqual(tab.overs, ['elsewhere']);
  assert.equal(tab.lines.length, 1);
});

test('it pings at every beat, and leaves a line that is silent', () => {
  const tab = new Tab().live();
  for (let beat = 0; beat < 4; beat++) {
    // What is sent brings nothing back by itself.
    tab.clock.pass(29 * SECOND);
    tab.signal.send({ type: 'hand', up: true });
    tab.clock.pass(SECOND);
    assert.deepEqual(tab.line.heard().map(({ type }) => type), ['hand', 'ping']);
    tab.line.says({ type: 'pong' });
  }
  assert.equal(tab.status, 'live');
  tab.clock.pass(44 * SECOND);
  assert.equal(tab.status, 'live');
  tab.clock.pass(SECOND);
  assert.equal(tab.status, 'cut');
});

test('timers that run late, in a page that is not seen, do not end a good line', () => {
  const tab = new Tab().live();
  for (let minute = 0; minute < 3; minute++) {
    tab.clock.sleep(60 * SECOND);
    assert.deepEqual(tab.line.heard(), [{ type: 'ping' }]);
    tab.line.says({ type: 'pong' });
  }
  assert.deepEqual([tab.status, tab.lines.length], ['live', 1]);
});

test('waking asks a line that seems good, and dials at once where there is none', () => {
  const tab = new Tab().live();
  tab.signal.wake();
  assert.deepEqual(tab.line.heard(), [{ type: 'ping' }]);
  tab.clock.pass(5 * SECOND);
  assert.equal(tab.status, 'cut', 'it was broken while the page slept');
  tab.signal.wake();
  assert.equal(tab.lines.length, 2);
  tab.live().signal.wake();
  tab.line.says({ type: 'pong' });
  tab.clock.pass(6 * SECOND);
  assert.equal(tab.status, 'live');
});

test('a server that never answers the hello is left', () => {
  const tab = new Tab();
  tab.line.open();
  tab.clock.pass(15 * SECOND);
  assert.equal(tab.status, 'cut');
});

test('leaving is said to the server, also from the waiting room', () => {
  for (const waits of [true, false]) {
    const tab = new Tab();
    tab.line.open().says(waits ? { type: 'waiting' } : welcome('second'));
    const [line] = tab.lines as [Line];
    line.heard();
    tab.signal.leave();
    assert.deepEqual(line.heard(), [{ type: 'leave' }]);
    assert.deepEqual(tab.overs, ['left']);
    assert.equal(tab.clock.waiting, 0);
  }
});

test('a frame of an old socket is not listened to', () => {
  const tab = new Tab().live();
  const [old] = tab.lines as [Line];
  old.ends(1006);
  tab.clock.pass(SECOND);
  old.says({ type: 'removed' });
  assert.deepEqual(tab.overs, []);
});
