// What is decided without a page: what is shown how large, what was written, who stands where, what is said where something fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, constraints, fault, lostKey, loudness, screenFault } from '../src/devices.ts';
import { initials } from '../src/dom.ts';
import { type Fetch, join, own, passed } from '../src/door.ts';
import type { Message, Person } from '../src/frames.ts';
import { Log } from '../src/log.ts';
import { acts, order } from '../src/people.ts';
import { type Tile, columns, key, mainOf, wants } from '../src/plan.ts';
import { Tell } from '../src/tell.ts';
import { sayer } from '../src/words.ts';

const tile = (person: string, more: Partial<Tile> = {}): Tile => ({
  person,
  peer: Number(person.slice(1)),
  source: 'camera',
  on: true,
  visible: true,
  height: 300,
  ...more,
});

const somebody = (name: string, more: Partial<Person> = {}): Person => ({
  person: name,
  name,
  role: 'speaker',
  state: 'in',
  peer: 1,
  hand: false,
  microphone: true,
  camera: true,
  screen: false,
  here: true,
  ...more,
});

test('only what can be seen is asked for, the large picture and screens first', () => {
  const tiles = [
    tile('p1'),
    tile('p2', { on: false }),
    tile('p3', { visible: false }),
    tile('p4', { peer: null }),
    tile('p5', { source: 'screen', height: 900 }),
    tile('p6', { height: 90 }),
  ];
  assert.deepEqual(wants(tiles, key('p6', 'camera')), [
    { peer: 6, source: 'camera', height: 180 },
    { peer: 5, source: 'screen', height: 1080 },
    { peer: 1, source: 'camera', height: 360 },
  ]);
  assert.deepEqual(wants([], undefined), []);
});

test('no more is asked for than the server shows', () => {
  const many = Array.from({ length: 60 }, (_, at) => tile(`p${at + 1}`));
  const wanted = wants(many, key('p60', 'camera'));
  assert.equal(wanted.length, 25);
  assert.equal(wanted[0]?.peer, 60);
});

test('a tile that grows a little asks for the same', () => {
  const [a, b] = [210, 360].map((height) => wants([tile('p1', { height })], undefined));
  assert.deepEqual(a, b);
  assert.equal(wants([tile('p1', { height: 4000 })], undefined)[0]?.height, 1080);
});

test('pictures stand in as many columns as make them largest', () => {
  assert.deepEqual([1, 2, 3, 4, 6, 9, 50].map((count) => columns(count, 1600, 900)), [1, 2, 2, 2, 3, 3, 8]);
  assert.equal(columns(3, 400, 900), 1, 'on a narrow window one below the other');
  assert.equal(columns(3, 2000, 300), 3);
  assert.equal(columns(0, 800, 600), 1);
  assert.equal(columns(3, 0, 0), 1, 'where nothing is shown yet');
});

test('the large picture is the pinned one, a screen, who speaks, who was it, the first', () => {
  const tiles = [tile('p1'), tile('p2'), tile('p3')];
  const shared = [...tiles, tile('p3', { source: 'screen' })];
  assert.equal(mainOf(shared, key('p1', 'camera'), 'p2', undefined), key('p1', 'camera'));
  assert.equal(mainOf(shared, undefined, 'p2', undefined), key('p3', 'screen'));
  assert.equal(mainOf(tiles, key('p9', 'camera'), 'p2', undefined), key('p2', 'camera'), 'whoever was pinned has left');
  assert.equal(mainOf(tiles, undefined, 'p9', key('p3', 'camera')), key('p3', 'camera'));
  assert.equal(mainOf(tiles, undefined, undefined, undefined), key('p1', 'camera'));
  assert.equal(mainOf([], undefined, 'p1', 'x'), undefined);
});

const said = (seq: number, more: Partial<Message> = {}): Message => ({
  seq,
  person: 'p1',
  name: 'Anna',
  text: `${seq}`,
  at: '2026-11-30T10:00:00Z',
  ...more,
});

test('messages stand once and in order, however they come', () => {
  const log = new Log();
  for (const seq of [2, 1, 4, 2, 3, 4]) log.add(said(seq));
  assert.deepEqual(log.entries.map(({ seq }) => seq), [1, 2, 3, 4]);
  assert.equal(log.add(said(3)), false);
});

test('what one writes stands at the end until the server has it', () => {
  const log = new Log();
  log.write('a', 'p1', 'Anna', 'Hej', '2026-11-30T10:00:00Z');
  log.write('b', 'p1', 'Anna', 'Du', '2026-11-30T10:00:01Z');
  log.add(said(1));
  assert.deepEqual(log.entries.map(({ text }) => text), ['1', 'Hej', 'Du']);
  log.add(said(2, { text: 'Hej', client_id: 'a' }));
  assert.deepEqual(log.entries.map(({ text, seq }) => [text, seq]), [['1', 1], ['Hej', 2], ['Du', 0]]);
  // Told of twice: by the welcome after a cut, and by the answer to what was sent again.
  log.write('c', 'p1', 'Anna', 'Hallå', '2026-11-30T10:00:02Z');
  log.add(said(3, { text: 'Hallå' }));
  log.add(said(3, { text: 'Hallå', client_id: 'c' }));
  assert.deepEqual(log.entries.map(({ text, seq }) => [text, seq]), [['1', 1], ['Hej', 2], ['Hallå', 3], ['Du', 0]]);
  log.fail('b', 'The chat is full.');
  assert.deepEqual(log.waiting, []);
  assert.equal(log.entries.at(-1)?.failed, 'The chat is full.');
});

test('what waits to be sent, and what is kept, has a bound', () => {
  const log = new Log();
  const taken = Array.from({ length: 25 }, (_, at) => log.write(`${at}`, 'p1', 'Anna', 'x', ''));
  assert.equal(taken.filter(Boolean).length, 20);
  for (let seq = 1; seq <= 2100; seq++) log.add(said(seq));
  assert.equal(log.entries.length, 2020);
  assert.equal(log.entries[0]?.seq, 101);
  // What was refused waits for nothing.
  assert.equal(log.write('more', 'p1', 'Anna', 'x', ''), false);
  for (const { id } of log.waiting) log.fail(id, 'Too much.');
  assert.equal(log.write('more', 'p1', 'Anna', 'x', ''), true);
});

test('a host does what makes sense', () => {
  assert.deepEqual(acts(somebody('Kim', { state: 'waiting' })), ['admit', 'refuse']);
  assert.deepEqual(acts(somebody('Kim')), ['mute', 'stop_video', 'host', 'viewer', 'remove']);
  assert.deepEqual(acts(somebody('Kim', { microphone: false, camera: false, role: 'viewer' })), ['host', 'speaker', 'remove']);
  // A screen is stopped as a screen, a camera as a camera.
  const shows = somebody('Kim', { microphone: false, camera: false, screen: true });
  assert.deepEqual(acts(shows), ['stop_screen', 'host', 'viewer', 'remove']);
  assert.deepEqual(acts({ ...shows, camera: true }), ['stop_video', 'stop_screen', 'host', 'viewer', 'remove']);
});

test('hands stand first, as they went up, then hosts, then by name', () => {
  const people = [
    somebody('Örjan'),
    somebody('Bo', { hand: true }),
    somebody('Kim', { role: 'host' }),
    somebody('Anna', { hand: true }),
    somebody('Åsa'),
  ];
  assert.deepEqual(order(people, ['Bo', 'Anna'], 'sv').map(({ name }) => name), ['Bo', 'Anna', 'Kim', 'Åsa', 'Örjan']);
});

test('letters for a face, of any script', () => {
  assert.deepEqual(
    ['Astrid Lund', 'kim', '  Bo   von  Ek ', '', '…', '李 小龙', '(Anna) Berg', '🎉 Party'].map(initials),
    ['AL', 'K', 'BE', '?', '?', '李小', 'AB', 'P'],
  );
});

test('a device that does not open says what to do', () => {
  const chrome = 'Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36';
  const safari = 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
  const cases: [string, string, 'microphone' | 'camera', string[]][] = [
    ['NotAllowedError', 'Permission denied', 'microphone', ['permission_microphone', 'permission_chrome']],
    ['NotAllowedError', 'Permission denied by system', 'camera', ['permission_system']],
    ['NotFoundError', '', 'camera', ['no_camera']],
    ['OverconstrainedError', '', 'microphone', ['no_microphone']],
    ['NotReadableError', '', 'camera', ['in_use']],
    ['TypeError', '', 'camera', ['device_failed']],
  ];
  for (const [name, message, input, keys] of cases) assert.deepEqual(fault({ name, message }, input, chrome), keys);
  // In a frame whose page does not lend it: neither the browser's settings nor the system's have to do with it.
  assert.deepEqual(fault({ name: 'NotAllowedError', message: 'Permission denied' }, 'camera', chrome, false), ['not_lent']);
  assert.deepEqual(fault({ name: 'NotFoundError' }, 'camera', chrome, false), ['no_camera']);
  assert.equal(browser(safari), 'safari');
  assert.equal(browser('Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0'), 'firefox');
  assert.equal(browser('w3m'), 'other');
});

test('a screen that is not shared says why', () => {
  const cases: [string, string, boolean, string][] = [
    ['NotAllowedError', 'Permission denied', true, 'screen_refused'],
    ['NotAllowedError', 'Permission denied by user', true, 'screen_refused'],
    ['NotAllowedError', 'Permission denied by system', true, 'screen_system'],
    ['NotAllowedError', 'Access to the feature "display-capture" is disallowed by permissions policy.', false, 'screen_not_lent'],
    // Not even the system's permission would do, where it is not lent.
    ['NotAllowedError', 'Permission denied by system', false, 'screen_not_lent'],
    ['NotReadableError', 'Could not start video source', true, 'screen_failed'],
    ['NotFoundError', 'The object can not be found here.', true, 'screen_failed'],
    ['AbortError', '', true, 'screen_failed'],
    ['NotSupportedError', 'Not supported', true, 'screen_unable'],
  ];
  for (const [name, message, lent, key] of cases) assert.equal(screenFault({ name, message }, lent), key, `${name} ${message}`);
  assert.equal(screenFault({ name: 'InvalidStateError' }), 'screen_failed');
});

test('of a device that is gone it is said that another is used only where one is', () => {
  assert.equal(lostKey('Headset', 'Fake microphone'), 'device_lost');
  assert.equal(lostKey('Headset', undefined), 'device_gone');
  assert.equal(lostKey('Headset', 'Headset'), '', 'it is back');
});

test('of the one that was chosen alone is asked, and of any where none was', () => {
  assert.deepEqual((constraints('camera', 'c1').video as MediaTrackConstraints).deviceId, { exact: 'c1' });
  assert.equal((constraints('camera', undefined).video as MediaTrackConstraints).deviceId, undefined);
  assert.equal((constraints('camera', undefined).video as MediaTrackConstraints).facingMode, 'user');
  assert.equal((constraints('microphone', undefined).audio as MediaTrackConstraints).echoCancellation, true);
});

test('silence is nothing, and loud is one', () => {
  assert.equal(loudness(new Float32Array(512)), 0);
  assert.equal(loudness(new Float32Array(512).fill(1)), 1);
  const quiet = loudness(new Float32Array(512).fill(0.03));
  assert.ok(quiet > 0.3 && quiet < 0.7);
});

test('a fault stands until it is mended or put away, and again once it is another one or comes anew', () => {
  const place = () => ({ textContent: '', hidden: true }) as HTMLElement;
  const alerts = place();
  const tell = new Tell(place(), alerts);
  tell.fault('device', 'No camera.');
  tell.fault('line', 'Cut.');
  assert.equal(alerts.textContent, 'Cut. No camera.');
  tell.hush();
  assert.equal(alerts.textContent, '');
  // What goes on is no news; what is new is said by itself.
  tell.fault('device', 'No camera.');
  tell.fault('line', 'Offline.');
  assert.equal(alerts.textContent, 'Offline.');
  tell.fault('line', '');
  assert.equal(alerts.textContent, '');
  tell.fault('device', '');
  tell.fault('device', 'No camera.');
  assert.equal(alerts.textContent, 'No camera.');
  tell.fault('device', '');
  assert.equal(alerts.textContent, '');
});

test('sentences are filled in, and a key is never read', () => {
  const say = sayer({ came: '{name} has come.', plain: 'Locked.' });
  assert.equal(say('came', { name: 'Anna {name} $&' }), 'Anna {name} $& has come.');
  assert.equal(say('plain'), 'Locked.');
  assert.equal(say('came'), '{name} has come.');
  assert.equal(say('no_such_key'), '');
});

const answers = (status: number, body: unknown): Fetch => async () => new Response(JSON.stringify(body), { status });

test('joining gives a token, or why not', async () => {
  let sent = '';
  const fetches: Fetch = async (_, init) => {
    sent = String(init.body);
    return new Response(JSON.stringify({ person: 'p', secret: 's', token: 't', state: 'in', role: 'speaker', name: 'Kim' }));
  };
  const joined = await join(fetches, '/meet/x/join', { consent: true, name: 'Kim' });
  assert.ok('token' in joined && joined.token === 't');
  assert.deepEqual(JSON.parse(sent), { consent: true, name: 'Kim' });
  const errors = [{ field: 'passcode', message: 'That is not the passcode.' }];
  assert.deepEqual(await join(answers(422, { detail: 'No.', errors }), '/', { consent: true }), { status: 422, detail: 'No.', errors });
  assert.deepEqual(await join(async () => new Response('<h1>', { status: 502 }), '/', { consent: true }), { status: 502, detail: '', errors: [] });
  const cut: Fetch = async () => {
    throw new TypeError('Failed to fetch');
  };
  assert.deepEqual(await join(cut, '/', { consent: true }), { status: 0, detail: '', errors: [] });
  const page: Fetch = async () => new Response('<h1>', { status: 200 });
  assert.deepEqual(await join(page, '/', { consent: true }), { status: 502, detail: '', errors: [] });
});

test('as which contact one comes stands behind the address', () => {
  assert.deepEqual(own('#as=smp_1'), { as: 'smp_1', named: false });
  assert.deepEqual(own('#as=smp_1&named'), { as: 'smp_1', named: true });
  for (const hash of ['', '#', '#as=', '#named', '#token=smm_1&person=att_1', '#other']) assert.equal(own(hash), undefined, hash);
});

test('coming back, what is final is over and what passes is tried again', () => {
  const refused = (status: number) => passed({ status, detail: 'why', errors: [] });
  assert.deepEqual(refused(401), { over: 'closed', detail: 'why' });
  assert.deepEqual(refused(403), { over: 'removed', detail: 'why' });
  assert.deepEqual(refused(404), { over: 'gone', detail: 'why' });
  assert.deepEqual(refused(409), { over: 'closed', detail: 'why' });
  // They waited, were unseen for long and are known no more: the meeting goes on, and they ask anew.
  assert.deepEqual(refused(422), { over: 'unknown', detail: 'why' });
  for (const status of [0, 429, 500, 502, 503]) assert.equal(refused(status), undefined);
});
