// The call against a connection and a server that are played. How real ones get on is tested in `end2end`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Call, type Way, counts, quality } from '../src/call.ts';
import type { Sources } from '../src/frames.ts';
import { Clock, settle } from './clock.ts';

const SECOND = 1000;

class Transceiver {
  mid: string | null = null;
  readonly kind: string;
  readonly init: RTCRtpTransceiverInit;
  readonly sent: unknown[] = [];
  readonly receiver;
  readonly sender = { replaceTrack: async (track: unknown) => void this.sent.push(track) };

  constructor(kind: string, init: RTCRtpTransceiverInit) {
    this.kind = kind;
    this.init = init;
    this.receiver = { track: { kind } };
  }
  setCodecPreferences(): void {}
}

class Connection {
  connectionState: RTCPeerConnectionState = 'new';
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  answers: string[] = [];
  closed = false;
  readonly transceivers: Transceiver[] = [];
  readonly config: RTCConfiguration;

  constructor(config: RTCConfiguration) {
    this.config = config;
  }
  addTransceiver(what: string | { kind: string }, init: RTCRtpTransceiverInit): Transceiver {
    const made = new Transceiver(typeof what === 'string' ? what : what.kind, init);
    this.transceivers.push(made);
    return made;
  }
  async createOffer(): Promise<{ sdp: string }> {
    return { sdp: `offer of ${this.transceivers.length}` };
  }
  async setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    this.transceivers.forEach((one, at) => (one.mid = String(at)));
  }
  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    if (sdp === 'nonsense') throw new Error('it cannot be read');
    this.answers.push(sdp);
  }
  close(): void {
    this.closed = true;
  }
  turns(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  lines(direction: RTCRtpTransceiverDirection, kind: string): Transceiver[] {
    return this.transceivers.filter((one) => one.init.direction === direction && one.kind === kind);
  }
}

class Page {
  readonly clock = new Clock();
  readonly connections: Connection[] = [];
  readonly offers: { sdp: string; sources: Sources }[] = [];
  readonly ways: Way[] = [];
  readonly places: string[] = [];
  online = true;
  readonly call;

  constructor() {
    const { later, cancel } = this.clock;
    this.call = new Call(
      {
        later,
        cancel,
        connection: (config) => {
          const made = new Connection(config);
          this.connections.push(made);
          return made as unknown as RTCPeerConnection;
        },
        offer: (sdp, sources) => {
          if (this.online) this.offers.push({ sdp, sources });
          return this.online;
        },
      },
      {
        way: (way) => this.ways.push(way),
        place: (mid, track) => this.places.push(`${mid} ${track.kind}`),
        shows: () => undefined,
        speaks: () => undefined,
        carries: () => undefined,
      },
    );
  }
  get connection(): Connection {
    return this.connections.at(-1) as Connection;
  }
  /** In the room, answered and open. */
  async open(may = true): Promise<this> {
    this.call.resume([], may, false);
    await settle();
    await this.call.answer('answer');
    this.connection.turns('connected');
    return this;
  }
}

const track = (kind: string) => ({ kind }) as MediaStreamTrack;

test('the first offer has a microphone, a camera in three sizes, and places', async () => {
  const page = new Page();
  page.call.resume([{ urls: 'stun:example.org' }], true, false);
  await settle();
  const { connection } = page;
  assert.deepEqual(connection.config.iceServers, [{ urls: 'stun:example.org' }]);
  assert.equal(connection.lines('sendonly', 'audio').length, 1);
  const [camera] = connection.lines('sendonly', 'video');
  assert.deepEqual(
    camera?.init.sendEncodings?.map(({ rid, scaleResolutionDownBy, maxBitrate }) => [rid, scaleResolutionDownBy, maxBitrate]),
    [['q', 4, 150_000], ['h', 2, 500_000], ['f', 1, 1_700_000]],
  );
  assert.deepEqual(page.offers, [{ sdp: 'offer of 14', sources: { 0: 'microphone', 1: 'camera' } }]);
  assert.equal(page.places.length, 12);
  await page.call.answer('answer');
  assert.deepEqual(connection.answers, ['answer']);
  connection.turns('connected');
  assert.deepEqual(page.ways, ['connecting', 'open']);
});

test('a viewer sends nothing', async () => {
  const page = await new Page().open(false);
  await page.call.send('camera', track('video'));
  assert.deepEqual(page.offers.map(({ sources }) => sources), [{}]);
  assert.deepEqual(page.connection.transceivers.filter(({ init }) => init.direction === 'sendonly'), []);
  page.call.allow(true);
  await settle();
  assert.equal(page.connections.length, 2);
  assert.deepEqual(page.offers.at(-1), { sdp: 'offer of 14', sources: { 0: 'microphone', 1: 'camera' } });
});

test('turning a device on and off is no offer', async () => {
  const page = await new Page().open();
  const camera = track('video');
  await page.call.send('camera', camera);
  await page.call.send('camera', null);
  assert.deepEqual(page.connection.lines('sendonly', 'video')[0]?.sent, [camera, null]);
  assert.equal(page.offers.length, 1);
});

test('a screen is sent in two sizes', async () => {
  const page = await new Page().open();
  await page.call.send('screen', track('video'));
  await settle();
  const [, screen] = page.connection.lines('sendonly', 'video');
  assert.deepEqual(
    screen?.init.sendEncodings?.map(({ rid, scaleResolutionDownBy, maxBitrate, maxFramerate }) => [rid, scaleResolutionDownBy, maxBitrate, maxFramerate]),
    [['h', 2, 400_000, 5], ['f', 1, 2_500_000, 15]],
  );
});

test('one offer at a time: what comes meanwhile is in the next', async () => {
  const page = new Page();
  page.call.resume([], true, false);
  await settle();
  await page.call.send('screen', track('video'));
  await page.call.send('screen_sound', track('audio'));
  page.call.told({ media: 'places', sound: 4, picture: 7 });
  await settle();
  assert.equal(page.offers.length, 1);
  await page.call.answer('first');
  await settle();
  assert.equal(page.offers.length, 2);
  assert.deepEqual(page.offers[1]?.sources, { 0: 'microphone', 1: 'camera', 14: 'screen', 15: 'screen_sound' });
  assert.equal(page.connection.lines('recvonly', 'audio').length, 6);
  assert.equal(page.connection.lines('recvonly', 'video').length, 12);
  await page.call.answer('second');
  await settle();
  assert.equal(page.offers.length, 2);
});

test('places have a bound', async () => {
  const page = await new Page().open();
  page.call.told({ media: 'places', sound: 900, picture: 900 });
  await settle();
  assert.equal(page.connection.lines('recvonly', 'audio').length, 6);
  assert.equal(page.connection.lines('recvonly', 'video').length, 25);
  page.call.told({ media: 'places', sound: 900, picture: 900 });
  await page.call.answer('second');
  await settle();
  assert.equal(page.offers.length, 2, 'no offer for nothing');
});

test('a way that is lost is replaced, and everything is sent again', async () => {
  const page = await new Page().open();
  const [camera, screen] = [track('video'), track('video')];
  await page.call.send('camera', camera);
  await page.call.send('screen', screen);
  await settle();
  await page.call.answer('second');
  const [first] = page.connections as [Connection];
  first.turns('disconnected');
  page.clock.pass(4 * SECOND);
  assert.equal(page.connections.length, 1, 'it may come back by itself');
  page.clock.pass(SECOND);
  assert.ok(first.closed);
  assert.equal(page.ways.at(-1), 'lost');
  page.clock.pass(0.5 * SECOND);
  await settle();
  assert.equal(page.connections.length, 2);
  assert.deepEqual(page.offers.at(-1)?.sources, { 0: 'microphone', 1: 'camera', 2: 'screen' });
  await page.call.answer('third');
  page.connection.turns('connected');
  assert.equal(page.ways.at(-1), 'open');
});

test('an interruption that passes changes nothing', async () => {
  const page = await new Page().open();
  page.connection.turns('disconnected');
  page.clock.pass(SECOND);
  page.connection.turns('connected');
  page.clock.pass(60 * SECOND);
  assert.equal(page.connections.length, 1);
});

test('a way that does not open is tried again, with pauses that grow, and told', async () => {
  const page = new Page();
  page.call.resume([], true, false);
  for (const pause of [0.5, 1, 2, 4, 8, 15, 15]) {
    await settle();
    await page.call.answer('answer');
    page.clock.pass(20 * SECOND);
    assert.equal(page.ways.at(-1), 'closed');
    assert.equal(page.clock.next, pause * SECOND);
    page.clock.pass(page.clock.next);
    assert.equal(page.ways.at(-1), 'connecting');
  }
});

test('an answer to a connection that is gone is not taken', async () => {
  const page = new Page();
  page.call.resume([], true, false);
  await settle();
  page.connection.turns('failed');
  page.clock.pass(SECOND);
  await settle();
  await page.call.answer('of the old one');
  assert.deepEqual(page.connection.answers, []);
  await page.call.answer('of the new one');
  assert.deepEqual(page.connection.answers, ['of the new one']);
});

test('an offer that is refused, not answered or answered with nonsense is made anew', async () => {
  for (const trouble of ['refused', 'silence', 'nonsense']) {
    const page = new Page();
    page.call.resume([], true, false);
    await settle();
    if (trouble === 'refused') page.call.refused();
    else if (trouble === 'silence') page.clock.pass(15 * SECOND);
    else await page.call.answer('nonsense');
    page.clock.pass(SECOND);
    await settle();
    assert.equal(page.connections.length, 2, trouble);
    assert.ok(page.connections[0]?.closed);
  }
});

test('what the server has let go of is opened anew, unless we have left it ourselves', async () => {
  for (const [why, connections] of [['silent', 2], ['broken', 2], ['never_came', 2], ['left', 1]] as const) {
    const page = await new Page().open();
    page.call.told({ media: 'gone', why });
    page.clock.pass(SECOND);
    assert.equal(page.connections.length, connections, why);
  }
});

test('a socket that comes back leaves a connection that lives alone', async () => {
  const page = await new Page().open();
  page.call.resume([], true, true);
  await settle();
  assert.equal(page.connections.length, 1);
  page.call.resume([], true, false);
  await settle();
  assert.equal(page.connections.length, 2, 'the server has forgotten it');
});

test('what was offered without a socket is offered anew with the next', async () => {
  const page = await new Page().open();
  page.online = false;
  await page.call.send('screen', track('video'));
  await settle();
  assert.equal(page.offers.length, 1);
  page.online = true;
  page.call.resume([], true, true);
  await settle();
  assert.equal(page.connections.length, 2);
  assert.deepEqual(Object.values(page.offers.at(-1)?.sources ?? {}), ['microphone', 'camera', 'screen']);
});

test('once closed nothing goes on', async () => {
  const page = await new Page().open();
  page.call.close();
  assert.equal(page.clock.waiting, 0);
  assert.ok(page.connection.closed);
});

test('how good a line is', () => {
  assert.equal(quality(0, 0.05, 3_000_000), 'good');
  assert.equal(quality(0.03, 0.05, 3_000_000), 'fair');
  assert.equal(quality(0, 0.4, 3_000_000), 'fair');
  assert.equal(quality(0, 0.05, 100_000), 'poor');
  assert.equal(quality(0.2, 0.05, 3_000_000), 'poor');
});

test('a report is added up, whatever is in it', () => {
  const report = new Map<string, Record<string, unknown>>([
    ['a', { type: 'inbound-rtp', packetsLost: 3, packetsReceived: 97 }],
    ['b', { type: 'inbound-rtp', packetsLost: -2, packetsReceived: 50 }],
    ['c', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.12 }],
    ['d', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
    ['e', { type: 'outbound-rtp', packetsSent: 5 }],
  ]);
  assert.deepEqual(counts(report), { lost: 3, all: 150, trip: 0.12 });
  assert.deepEqual(counts(new Map()), { lost: 0, all: 0, trip: 0 });
});
