// The conversation without a browser: order, gaps, lost answers, refused tokens, pauses. `node --test widget/tests/*.test.ts`

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ClientFrame, ServerFrame } from '../src/frames.ts';
import { FORBIDDEN, type Line, said, sent, Store, Tab, TOKEN, WIDGET } from './stand-in.ts';

const SECOND = 1000;
const subscribe = (after: number, conversation = 'conv_1') => ({ type: 'subscribe', conversation, after });
const up = (seq: number) => ({ type: 'caught_up', conversation: 'conv_1', seq }) as const;

/** Examples of all frames, which the server's tests read as well. */
const golden: { client: ClientFrame[]; server: ServerFrame[] } = JSON.parse(
  readFileSync(new URL('../../crates/model/frames.json', import.meta.url), 'utf8'),
);

test('frames are what the server reads and writes', () => {
  const shape = (frame: ClientFrame) => `${frame.type}: ${Object.keys(frame).sort()}`;
  const known = new Set(golden.client.map(shape));
  const tab = new Tab();
  const heard: ClientFrame[] = tab.line.open().heard();
  const [, welcome] = golden.server as [ServerFrame, ServerFrame & { type: 'welcome'; conversation: string }];
  tab.line.says(welcome);
  heard.push(...tab.line.heard());
  // From the beginning, so that the example's number is the next one.
  const message = (golden.server.find(({ type }) => type === 'message') as ServerFrame & { type: 'message' }).message;
  for (let seq = 1; seq < message.seq; seq++) tab.line.says({ type: 'message', message: { ...message, seq } });
  // One that is not found would end it.
  tab.line.says(...golden.server.filter((frame) => frame.type !== 'welcome' && !(frame.type === 'error' && frame.code === 'not_found')));
  assert.equal(tab.messages.at(-1)?.text, message.text);
  assert.deepEqual(tab.typing, [
    ['agent', 'Anna'],
    ['assistant', undefined],
    ['assistant', undefined, 'Unused goods may be returned within 60 days.', undefined],
    ['assistant', undefined, '', true],
  ]);
  tab.line.says({ type: 'caught_up', conversation: message.conversation_id, seq: message.seq });
  tab.pass(30 * SECOND);
  tab.talk.typing();
  assert.equal(tab.calls, true);
  tab.talk.handoff();
  tab.talk.handoff('call');
  tab.talk.judge(message.seq, true);
  tab.talk.utter('Hej');
  heard.push(...tab.line.heard());
  assert.deepEqual(heard.filter((frame) => !known.has(shape(frame))), []);
  assert.deepEqual([...new Set(heard.map(({ type }) => type))].sort(), ['call', 'handoff', 'hello', 'judge', 'ping', 'send', 'subscribe', 'typing']);
});

test('the first visit says hello with the widget alone, and keeps the token when something is said', () => {
  const store = new Store();
  const tab = new Tab(store);
  assert.equal(tab.status, 'connecting');
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', widget: WIDGET }]);
  tab.line.welcomes('smc_1');
  assert.equal(tab.status, 'live');
  assert.equal(tab.caughtUp, 1, 'there is nothing to wait for');
  assert.deepEqual(tab.line.heard(), []);
  assert.equal(store.keep(TOKEN), null, 'it would open nothing yet');
  tab.line.ends(1006);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', widget: WIDGET }]);
  tab.line.welcomes('smc_2');
  tab.talk.utter('Hej');
  assert.equal(store.keep(TOKEN), 'smc_2', 'before there is an answer, which may be lost');
  tab.line.ends(1006);
  tab.pass(tab.next);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', widget: WIDGET, token: 'smc_2' }]);
});

test('a later visit goes on with what there is', () => {
  const store = new Store();
  store.keep(TOKEN, 'smc_1');
  const tab = new Tab(store);
  assert.deepEqual(tab.line.open().heard(), [{ type: 'hello', widget: WIDGET, token: 'smc_1' }]);
  assert.deepEqual(tab.line.welcomes('smc_1', 'conv_1', 2).heard(), [subscribe(0)]);
  tab.line.says(said(1), said(2));
  assert.equal(tab.caughtUp, 0);
  tab.line.says(up(2));
  assert.equal(tab.caughtUp, 1);
  assert.deepEqual(tab.texts, ['1', '2']);
});

test('of a long conversation only the end is asked for', () => {
  const tab = new Tab();
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 1200).heard().slice(1), [subscribe(700)]);
  tab.line.says(said(701));
  assert.deepEqual(tab.texts, ['701']);
});

test('the first message begins the conversation, whatever comes first', () => {
  for (const ackFirst of [true, false]) {
    const tab = new Tab().live(null);
    tab.talk.utter('Hej');
    const [id] = tab.ids as [string];
    assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
    assert.deepEqual(tab.line.heard(), [{ type: 'send', client_id: id, text: 'Hej' }]);
    const frames = [sent(id, 1, 'Hej'), said(1, { from: 'contact', client_id: id, text: 'Hej' })];
    tab.line.says(...(ackFirst ? frames : frames.reverse()));
    assert.deepEqual(tab.texts, ['Hej']);
    assert.deepEqual(tab.deliveries, [['Hej', 'sending'], ['Hej', 'sent']]);
    assert.deepEqual(tab.line.heard(), [subscribe(0)], 'asked for once, also where the server has subscribed by itself');
    tab.talk.utter('Du');
    assert.equal((tab.line.heard()[0] as { conversation?: string }).conversation, 'conv_1');
  }
});

test('what comes twice is handed on once', () => {
  const tab = new Tab().live('conv_1', 2);
  tab.line.says(said(2), said(3), said(3), said(1));
  assert.deepEqual(tab.texts, ['1', '2', '3']);
  assert.deepEqual(tab.line.heard(), []);
});

test('a gap is asked for, once, and closed in order', () => {
  const tab = new Tab().live('conv_1', 2);
  tab.line.says(said(5), said(6));
  assert.deepEqual(tab.texts, ['1', '2'], 'nothing is shown out of order');
  assert.deepEqual(tab.line.heard(), [subscribe(2)]);
  tab.line.says(said(3), said(4), said(5), said(6), up(6));
  assert.deepEqual(tab.texts, ['1', '2', '3', '4', '5', '6']);
  assert.deepEqual(tab.line.heard(), []);
});

test('a caught_up beyond what came is a gap, too; the fourth in a row is a broken line', () => {
  const tab = new Tab().live('conv_1', 2);
  for (let round = 0; round < 3; round++) {
    tab.line.says(up(4));
    assert.deepEqual(tab.line.heard(), [subscribe(2)]);
  }
  tab.line.says(up(4));
  assert.equal(tab.status, 'waiting');
  assert.ok(tab.lines[0]?.closed);
});

test('a caught_up of another conversation means nothing', () => {
  const tab = new Tab().live('conv_1', 2);
  tab.line.says({ type: 'caught_up', conversation: 'conv_2', seq: 9 }, said(1, { conversation_id: 'conv_2' }));
  assert.deepEqual(tab.line.heard(), []);
  assert.deepEqual(tab.texts, ['1', '2']);
});

test('a lost answer: the same message again under the same id, shown once', () => {
  const store = new Store();
  const tab = new Tab(store).live('conv_1', 1);
  tab.talk.utter('Hej');
  const [id] = tab.ids as [string];
  const first = tab.line.heard();
  tab.line.ends(1006);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 2).heard(), [
    { type: 'hello', widget: WIDGET, token: 'smc_1' },
    subscribe(1),
    ...first,
  ]);
  tab.line.says(said(2, { from: 'contact', client_id: id, text: 'Hej' }), up(2), sent(id, 2, 'Hej'));
  assert.deepEqual(tab.texts, ['1', 'Hej']);
  assert.equal(tab.deliveries.filter(([, delivery]) => delivery === 'sent').length, 1);
  assert.deepEqual(store.names(), [TOKEN]);
});

test('a reload while offline loses nothing and keeps the order', () => {
  const store = new Store();
  const before = new Tab(store);
  for (const text of ['one', 'two', 'three']) {
    before.pass(1);
    before.talk.utter(text);
  }
  before.talk.stop();
  const after = new Tab(store, before.time + SECOND).live(null);
  assert.deepEqual(after.deliveries, [['one', 'sending'], ['two', 'sending'], ['three', 'sending']]);
  assert.deepEqual(after.ids, before.ids);
});

test('messages go one at a time, so the first begins the conversation and the order stays', () => {
  const tab = new Tab();
  for (const text of ['one', 'two', 'three']) {
    tab.pass(1);
    tab.talk.utter(text);
  }
  const ids = tab.ids as [string, string, string];
  tab.line.open().welcomes('smc_1');
  assert.deepEqual(tab.line.heard().slice(1), [{ type: 'send', client_id: ids[0], text: 'one' }]);
  tab.line.says(sent(ids[0], 1, 'one'));
  assert.deepEqual(tab.line.heard(), [
    subscribe(0),
    { type: 'send', client_id: ids[1], conversation: 'conv_1', text: 'two' },
  ]);
  tab.line.says(said(2, { from: 'contact', client_id: ids[1], text: 'two' }));
  assert.deepEqual(tab.line.heard(), [{ type: 'send', client_id: ids[2], conversation: 'conv_1', text: 'three' }]);
});

test('a message of yesterday is not sent behind the back of its writer', () => {
  const store = new Store();
  const before = new Tab(store);
  before.talk.utter('old');
  before.talk.stop();
  const after = new Tab(store, before.time + 25 * 3600 * SECOND).live();
  assert.deepEqual(after.deliveries, [['old', 'failed', 'It is older than a day.']]);
  assert.deepEqual(after.line.heard(), []);
  after.talk.retry(after.ids[0] as string);
  assert.deepEqual(after.deliveries.at(-1), ['old', 'sending'], 'the reason has gone');
  assert.equal(after.line.heard()[0]?.type, 'send');
});

test('the queue is bounded', () => {
  const tab = new Tab();
  for (let n = 0; n < 50; n++) {
    tab.pass(1);
    assert.ok(tab.talk.utter(`${n}`));
  }
  assert.equal(tab.talk.utter('one too many'), false);
  assert.equal(tab.deliveries.length, 50);
});

test('an answer that overtakes the stream waits for its turn', () => {
  const tab = new Tab().live('conv_1', 1);
  tab.talk.utter('Hej');
  const [id] = tab.ids as [string];
  tab.line.heard();
  tab.line.says(sent(id, 3, 'Hej'));
  assert.deepEqual(tab.texts, ['1'], 'the second is on its way');
  assert.deepEqual(tab.line.heard(), []);
  tab.line.says(said(2), said(3, { from: 'contact', client_id: id, text: 'Hej' }));
  assert.deepEqual(tab.texts, ['1', '2', 'Hej']);
});

test('a refused token is forgotten, and the visitor begins anew, once', () => {
  const store = new Store();
  store.keep(TOKEN, 'smc_old');
  const tab = new Tab(store);
  tab.line.open().heard();
  tab.line.says({ type: 'error', code: 'unauthenticated' });
  assert.deepEqual(tab.line.heard(), [{ type: 'hello', widget: WIDGET }]);
  assert.equal(store.keep(TOKEN), null);
  tab.line.says({ type: 'error', code: 'unauthenticated' });
  assert.equal(tab.status, 'refused');
  assert.equal(tab.waiting, 0, 'and does not try by itself');
  tab.talk.wake();
  assert.equal(tab.lines.length, 2, 'but when it is opened again');
});

test('a token that another tab has renewed is not forgotten', () => {
  const store = new Store();
  store.keep(TOKEN, 'smc_old');
  const tab = new Tab(store);
  tab.line.open().heard();
  store.keep(TOKEN, 'smc_new');
  tab.line.says({ type: 'error', code: 'unauthenticated' });
  assert.deepEqual(tab.line.heard(), [{ type: 'hello', widget: WIDGET, token: 'smc_new' }]);
});

test('a widget that is not there is not asked for again and again', () => {
  for (const code of ['not_found', 'forbidden', 'invalid']) {
    const tab = new Tab();
    tab.line.open().says({ type: 'error', code });
    assert.equal(tab.status, 'refused', code);
    assert.equal(tab.waiting, 0);
  }
  const tab = new Tab();
  tab.line.open().says({ type: 'error', code: 'unavailable' });
  assert.equal(tab.status, 'waiting');
  assert.equal(tab.next, 5 * SECOND);
});

test('close code 1008: with the token once more, then anew, then no more', () => {
  const store = new Store();
  store.keep(TOKEN, 'smc_1');
  const tab = new Tab(store);
  const hello = () => tab.line.open().heard()[0];
  assert.deepEqual(hello(), { type: 'hello', widget: WIDGET, token: 'smc_1' });
  tab.line.ends(1008);
  tab.pass(tab.next);
  assert.deepEqual(hello(), { type: 'hello', widget: WIDGET, token: 'smc_1' }, 'the first hello may only have been late');
  tab.line.ends(1008);
  tab.pass(tab.next);
  assert.deepEqual(hello(), { type: 'hello', widget: WIDGET });
  tab.line.ends(1008);
  assert.equal(tab.status, 'refused');
});

test('the pause doubles up to half a minute, with up to half more by chance', () => {
  for (const [chance, factor] of [[0, 1], [1, 1.5]] as const) {
    const tab = new Tab();
    tab.chance = chance;
    for (const seconds of [0.5, 1, 2, 4, 8, 16, 30, 30]) {
      tab.line.ends(1006);
      assert.equal(tab.status, 'waiting');
      assert.equal(tab.next, seconds * SECOND * factor);
      tab.pass(tab.next);
    }
  }
});

test('after 1013 the pause begins with five seconds', () => {
  const tab = new Tab();
  for (const seconds of [5, 10, 20, 30]) {
    tab.line.ends(1013);
    assert.equal(tab.next, seconds * SECOND);
    tab.pass(tab.next);
  }
});

test('only a line that held makes the next pause short', () => {
  const tab = new Tab();
  for (const seconds of [0.5, 1, 2]) {
    tab.live().line.ends(1012);
    assert.equal(tab.next, seconds * SECOND);
    tab.pass(tab.next);
  }
  tab.live().pass(11 * SECOND);
  tab.line.ends(1012);
  assert.equal(tab.next, 0.5 * SECOND);
});

test('silence is asked about after 30 seconds and a broken line after 10 more', () => {
  const tab = new Tab().live();
  tab.pass(29 * SECOND);
  tab.line.says({ type: 'pong' });
  tab.pass(29 * SECOND);
  assert.deepEqual(tab.line.heard(), []);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.heard(), [{ type: 'ping' }]);
  tab.pass(9 * SECOND);
  tab.line.says({ type: 'pong' });
  tab.pass(30 * SECOND);
  assert.deepEqual(tab.line.heard(), [{ type: 'ping' }]);
  tab.pass(10 * SECOND);
  assert.equal(tab.status, 'waiting');
  assert.equal(tab.next, 0.5 * SECOND);
  assert.ok(tab.line.closed);
});

test('a server that never answers the hello is left', () => {
  const tab = new Tab();
  tab.line.open();
  tab.pass(15 * SECOND);
  assert.equal(tab.status, 'waiting');
});

test('waking connects at once, and asks a line that seems good', () => {
  const tab = new Tab();
  tab.line.ends(1006);
  tab.talk.wake();
  assert.equal(tab.lines.length, 2);
  tab.talk.wake();
  assert.equal(tab.lines.length, 2, 'one at a time');
  tab.live().talk.wake();
  assert.deepEqual(tab.line.heard(), [{ type: 'ping' }]);
});

test('a stopped one is silent, and goes on when woken', () => {
  const tab = new Tab().live('conv_1', 2);
  const [line] = tab.lines;
  tab.talk.stop();
  assert.equal(tab.waiting, 0);
  line?.says(said(3));
  assert.deepEqual(tab.texts, ['1', '2'], 'an old socket is not listened to');
  tab.talk.wake();
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 3).heard().at(-1), subscribe(2));
});

test('after a cut it goes on where it was', () => {
  const tab = new Tab().live('conv_1', 3);
  tab.line.ends(1001);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 5).heard().at(-1), subscribe(3));
  tab.line.says(said(4), said(5), up(5));
  assert.deepEqual(tab.texts, ['1', '2', '3', '4', '5']);
  assert.equal(tab.resets, 0);
});

test('another conversation takes the place of the old one', () => {
  const tab = new Tab().live('conv_1', 3);
  tab.line.ends(1001);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_2', 1).heard().at(-1), subscribe(0, 'conv_2'));
  assert.equal(tab.resets, 1);
  tab.line.says(said(1, { conversation_id: 'conv_2', text: 'new' }));
  assert.deepEqual(tab.texts, ['new']);
});

test('two tabs that begin at once are one visitor', () => {
  const store = new Store();
  const [a, b] = [new Tab(store), new Tab(store)];
  a.line.open().welcomes('smc_a');
  b.line.open().welcomes('smc_b');
  b.line.heard();
  a.talk.utter('Hej');
  b.talk.utter('Du');
  assert.equal(store.keep(TOKEN), 'smc_a');
  assert.deepEqual(b.lines[0]?.heard(), [], 'nothing is said as somebody else');
  assert.deepEqual(b.line.open().heard(), [{ type: 'hello', widget: WIDGET, token: 'smc_a' }]);
  b.line.welcomes('smc_a', 'conv_1', 1);
  assert.deepEqual(b.line.heard().map(({ type }) => type), ['subscribe', 'send']);
});

test('a tab that knows no conversation finds the one that the other began', () => {
  const tab = new Tab().live(null);
  tab.talk.utter('Hej');
  tab.line.says(sent(tab.ids[0] as string, 7, 'Hej'));
  assert.deepEqual(tab.line.heard().at(-1), subscribe(0));
  for (let seq = 1; seq < 7; seq++) tab.line.says(said(seq));
  tab.line.says(said(7, { from: 'contact', client_id: tab.ids[0] as string, text: 'Hej' }), up(7));
  assert.deepEqual(tab.texts, ['1', '2', '3', '4', '5', '6', 'Hej']);
});

test('a tab is told when another has sent something, and looks only if it knows no conversation', () => {
  const idle = new Tab().live(null);
  idle.talk.elsewhere();
  assert.equal(idle.lines.length, 2);
  assert.deepEqual(idle.line.open().welcomes('smc_1', 'conv_1', 1).heard().at(-1), subscribe(0));
  idle.talk.elsewhere();
  assert.equal(idle.lines.length, 2);
});

test('without a storage it works as long as the page lives', () => {
  const tab = new Tab(FORBIDDEN).live();
  tab.talk.utter('Hej');
  tab.line.ends(1006);
  tab.pass(SECOND);
  const frames = tab.line.open().welcomes('smc_1', 'conv_1').heard();
  assert.deepEqual(frames[0], { type: 'hello', widget: WIDGET, token: 'smc_1' });
  assert.equal(frames.at(-1)?.type, 'send');
});

test('a message that is refused says why, and the next one goes', () => {
  const tab = new Tab().live();
  tab.talk.utter('bad');
  tab.pass(1);
  tab.talk.utter('good');
  const ids = tab.ids as [string, string];
  tab.line.heard();
  tab.line.says({ type: 'error', code: 'invalid', detail: 'Write something first.', client_id: ids[0] });
  assert.deepEqual(tab.deliveries.at(-1), ['bad', 'failed', 'Write something first.']);
  assert.equal((tab.line.heard()[0] as { client_id: string }).client_id, ids[1]);
  tab.line.says(sent(ids[1], 1, 'good'));
  tab.talk.retry(ids[0]);
  assert.equal((tab.line.heard()[0] as { client_id: string }).client_id, ids[0]);
});

test('a limit is waited for, with or without the message named, but not for ever', () => {
  for (const named of [true, false]) {
    const tab = new Tab().live();
    tab.talk.utter('Hej');
    const client_id = named ? (tab.ids[0] as string) : null;
    for (let tries = 0; tries < 3; tries++) {
      assert.equal(tab.line.heard().length, 1);
      tab.line.says({ type: 'error', code: 'rate_limited', detail: 'Wait a little.', retry_after: 2, client_id });
      assert.deepEqual(tab.deliveries.at(-1), ['Hej', 'sending', 'Wait a little.']);
      assert.equal(tab.line.heard().length, 0);
      tab.pass(2 * SECOND);
    }
    tab.line.says({ type: 'error', code: 'rate_limited', detail: 'Wait longer.', retry_after: 2, client_id });
    assert.deepEqual(tab.deliveries.at(-1), ['Hej', 'failed', 'Wait longer.']);
  }
});

test('a subscription that met the limit is asked for again', () => {
  const tab = new Tab();
  tab.line.open().welcomes('smc_1', 'conv_1', 2).heard();
  tab.line.says({ type: 'error', code: 'rate_limited', retry_after: 2 });
  tab.pass(2 * SECOND);
  assert.deepEqual(tab.line.heard(), [subscribe(0)]);
});

test('no answer to a message is a broken line; four times, and the message has failed', () => {
  const tab = new Tab().live();
  tab.talk.utter('Hej');
  const keepAlive = (seconds: number) => {
    for (let s = 0; s < seconds; s += 5) {
      tab.pass(5 * SECOND);
      if (!tab.line.closed) tab.line.says({ type: 'pong' });
    }
  };
  for (let tries = 0; tries < 3; tries++) {
    keepAlive(20);
    assert.equal(tab.status, 'waiting');
    tab.pass(tab.next);
    tab.line.open().welcomes('smc_1', 'conv_1');
  }
  keepAlive(20);
  assert.equal(tab.status, 'live');
  assert.deepEqual(tab.deliveries.at(-1), ['Hej', 'failed', 'No answer came.']);
});

test('close code 1009: the message was too large, and is not sent again and again', () => {
  const tab = new Tab().live();
  tab.talk.utter('large');
  tab.line.ends(1009);
  assert.deepEqual(tab.deliveries.at(-1), ['large', 'failed', 'It is too long.']);
  tab.pass(SECOND);
  assert.notEqual(tab.line.open().welcomes('smc_1', 'conv_1').heard().at(-1)?.type, 'send');
});

test('half a character is no reason to lose the rest', () => {
  const store = new Store();
  const tab = new Tab(store).live();
  tab.talk.utter('a \ud83d lamp, a 💡');
  const [frame] = tab.line.heard();
  assert.equal(frame?.type === 'send' && frame.text, 'a \ufffd lamp, a 💡');
  assert.equal(store.keep(`${TOKEN}:${tab.ids[0]}`), 'a \ufffd lamp, a 💡', 'the same after a reload');
});

test('a message to a conversation that was deleted begins another', () => {
  const tab = new Tab().live('conv_1', 2);
  tab.talk.utter('Hej');
  const [id] = tab.ids as [string];
  tab.line.heard();
  tab.line.says({ type: 'error', code: 'not_found', client_id: id });
  assert.deepEqual(tab.line.heard(), [{ type: 'send', client_id: id, text: 'Hej' }]);
  tab.line.says(sent(id, 1, 'Hej', { conversation_id: 'conv_2' }));
  assert.deepEqual(tab.texts, ['Hej']);
});

test('the wish for a person waits for a conversation and a connection', () => {
  const tab = new Tab();
  tab.talk.handoff();
  tab.line.open().welcomes('smc_1');
  tab.talk.utter('Hej');
  tab.line.heard();
  tab.line.says(sent(tab.ids[0] as string, 1, 'Hej'));
  const handoff = { type: 'handoff', conversation: 'conv_1' };
  assert.deepEqual(tab.line.heard(), [subscribe(0), handoff]);
  tab.line.ends(1006);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 1).heard().at(-1), handoff, 'again, if nothing came of it');
  tab.line.says(said(2, { from: 'system', event: 'handed_off' }));
  tab.line.ends(1006);
  tab.pass(SECOND);
  assert.deepEqual(tab.line.open().welcomes('smc_1', 'conv_1', 2).heard().at(-1), subscribe(2));
});

test('a call is asked for as a person is, also where people have the conversation', () => {
  const tab = new Tab();
  tab.line.open().says({ type: 'welcome', token: 'smc_1', conversation: null, last_seq: 0, heartbeat_s: 30 });
  assert.equal(tab.calls, undefined, 'no button, where the company takes none');
  tab.talk.utter('Hej');
  tab.talk.handoff('call');
  tab.line.heard();
  tab.line.says(sent(tab.ids[0] as string, 1, 'Hej'));
  const call = { type: 'call', conversation: 'conv_1' };
  assert.deepEqual(tab.line.heard(), [subscribe(0), call]);
  const again = (last: number) => {
    tab.line.ends(1006);
    tab.pass(4 * SECOND);
    return tab.line.open().welcomes('smc_1', 'conv_1', last).heard().at(-1);
  };
  assert.deepEqual(again(1), call, 'again, if nothing came of it');
  // People have it: they hear of the call by an event of their own.
  tab.line.says(said(2, { from: 'system', event: 'meeting' }));
  assert.deepEqual(again(2), subscribe(2));
  // Somebody answers: no call is asked for behind their back.
  tab.talk.handoff('call');
  tab.line.says(said(3, { from: 'agent' }));
  tab.line.heard();
  assert.deepEqual(again(3), subscribe(3));
  // What was said before it was asked for answers nothing.
  tab.line.ends(1006);
  tab.talk.utter('Can we talk?');
  tab.talk.handoff('call');
  tab.pass(4 * SECOND);
  tab.line.open().welcomes('smc_1', 'conv_1', 4);
  tab.line.says(said(4, { from: 'system', event: 'resolved' })).heard();
  tab.line.says(sent(tab.ids[1] as string, 5, 'Can we talk?'));
  assert.deepEqual(tab.line.heard(), [call]);
  tab.line.says({ type: 'error', code: 'conflict', detail: 'Not here.' });
  assert.deepEqual(tab.refusals, ['Not here.']);
});

test('a judgement goes out at once or with the next connection, and again until an answer shows that it came', () => {
  const tab = new Tab().live('conv_1', 2);
  tab.talk.utter('Hej');
  tab.line.heard();
  const judge = (answers: boolean) => ({ type: 'judge', conversation: 'conv_1', seq: 2, answers });
  const again = (conversation = 'conv_1') => {
    tab.line.ends(1006);
    tab.pass(4 * SECOND);
    return tab.line.open().welcomes('smc_1', conversation, 2).heard().filter(({ type }) => type === 'judge');
  };
  tab.talk.judge(2, false);
  assert.deepEqual(tab.line.heard(), [judge(false)], 'also while a message is on its way');
  tab.line.ends(1006);
  tab.talk.judge(2, true);
  assert.deepEqual(again(), [judge(false), judge(true)], 'what was said last counts');
  tab.line.says({ type: 'pong' });
  assert.deepEqual(again(), []);
  tab.talk.judge(2, true);
  assert.deepEqual(again('conv_2'), [], 'that conversation is gone');
  assert.deepEqual(again('conv_2'), []);
});

test('a person who could not be asked is not asked again, and the reason is told', () => {
  const tab = new Tab().live();
  tab.talk.handoff();
  tab.line.says({ type: 'error', code: 'conflict', detail: 'Nobody is there.' });
  assert.deepEqual(tab.refusals, ['Nobody is there.']);
  tab.line.says({ type: 'error', code: 'conflict', detail: 'Nobody is there.' });
  assert.equal(tab.refusals.length, 1);
  tab.talk.handoff();
  tab.line.says({ type: 'error', code: 'conflict' });
  assert.equal(tab.refusals[1], '', 'a server need not give one');
});

test('writing is said at most every three seconds, and only where somebody can see it', () => {
  const tab = new Tab();
  tab.talk.typing();
  tab.live();
  for (let n = 0; n < 7; n++) {
    tab.talk.typing();
    tab.pass(SECOND);
  }
  assert.equal(tab.line.heard().filter(({ type }) => type === 'typing').length, 3);
  tab.line.says({ type: 'typing', conversation: 'conv_1', from: 'agent', name: 'Anna' });
  tab.line.says({ type: 'typing', conversation: 'conv_2', from: 'agent', name: 'Bo' });
  tab.line.says({ type: 'typing', conversation: 'conv_1', from: 'contact' });
  assert.deepEqual(tab.typing, [['agent', 'Anna']]);
});

test('whatever the order of loss, every message is shown once and in order', () => {
  // A server that keeps and sends, over a line that drops at any frame; 200 runs by a small generator (mulberry32).
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    const random = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const store = new Store();
    let tab = new Tab(store);
    const kept: { text: string; client_id: string | null }[] = [];
    const opened = new Set<Line>();
    let loss = 0.15;
    const serve = () => {
      const { line } = tab;
      if (line.closed) return;
      if (!opened.has(line)) line.open();
      opened.add(line);
      for (let frame = line.heard(); frame.length > 0 && !line.closed; frame = line.heard()) {
        for (const one of frame) {
          if (line.closed) break;
          if (one.type === 'hello') line.welcomes('smc_1', kept.length ? 'conv_1' : null, kept.length);
          else if (one.type === 'subscribe') {
            kept.slice(one.after).forEach((m, at) => {
              const from = m.client_id ? 'contact' : 'assistant';
              if (random() > loss / 3) line.says(said(one.after + at + 1, { ...m, from }));
            });
            line.says(up(kept.length));
          } else if (one.type === 'send') {
            let at = kept.findIndex((m) => m.client_id === one.client_id);
            if (at < 0) at = kept.push({ text: one.text, client_id: one.client_id }) - 1;
            if (random() < loss) line.ends(1006);
            else line.says(sent(one.client_id, at + 1, one.text));
          }
          if (random() < loss && !line.closed) line.ends(1006);
        }
      }
    };
    for (let n = 0; n < 12; n++) {
      tab.pass(1);
      tab.chance = random();
      tab.talk.utter(`${n}`);
      if (random() < 0.5) {
        const seq = kept.push({ text: `answer ${n}`, client_id: null });
        if (opened.has(tab.line) && random() > loss) tab.line.says(said(seq, { text: `answer ${n}` }));
      }
      if (random() < 0.5) serve();
      if (random() < 0.5) tab.pass(40 * SECOND);
      if (random() < 0.1) {
        tab.talk.stop();
        tab = new Tab(store, tab.time);
      }
    }
    loss = 0;
    for (let round = 0; round < 4; round++) {
      tab.talk.stop();
      tab.talk.wake();
      serve();
    }
    assert.deepEqual(tab.texts, kept.map(({ text }) => text), `seed ${seed}`);
    const own = kept.filter((m) => m.client_id).map(({ text }) => text);
    assert.deepEqual(own, Array.from({ length: 12 }, (_, n) => `${n}`), `seed ${seed}`);
    assert.deepEqual(store.names(), [TOKEN], `seed ${seed}`);
  }
});
