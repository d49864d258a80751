// Media by LiveKit against a room that is played. How a real one gets on is tested in `end2end`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Away, type Room } from '../src/away.ts';
import type { Way } from '../src/call.ts';
import type { Person, Shown } from '../src/frames.ts';
import { Clock, settle } from './clock.ts';

const SECOND = 1000;

class Got {
  isSubscribed = false;
  isMuted = false;
  enabled = true;
  height = 0;
  track: unknown;
  readonly trackSid: string;
  readonly kind: string;
  readonly source: string;
  readonly media = { enabled: true };

  constructor(trackSid: string, kind: string, source: string) {
    this.trackSid = trackSid;
    this.kind = kind;
    this.source = source;
  }
  setSubscribed(subscribed: boolean): void {
    this.isSubscribed = subscribed;
    this.track = { mediaStreamTrack: this.media, streamState: 'active', getRTCStatsReport: async () => this.trackSid };
  }
  setEnabled(enabled: boolean): void {
    this.enabled = enabled;
  }
  setVideoDimensions({ height }: { height: number }): void {
    this.height = height;
  }
}

class Played {
  state = 'connected';
  left = false;
  fails = false;
  readonly said: string[] = [];
  readonly sent = new Map<string, { isMuted: boolean; track: { mediaStreamTrack: unknown; replaceTrack(track: unknown): Promise<void> }; mute(): Promise<void>; unmute(): Promise<void> }>();
  readonly remoteParticipants = new Map<string, { identity: string; trackPublications: Map<string, Got> }>();
  private readonly hear = new Map<string, ((...given: unknown[]) => void)[]>();

  readonly localParticipant = {
    getTrackPublication: (source: string) => this.sent.get(source),
    publishTrack: async (mediaStreamTrack: unknown, { source }: { source: string }) => {
      this.said.push(`publish ${source}`);
      const track = { mediaStreamTrack, replaceTrack: async (other: unknown) => void ((track.mediaStreamTrack = other), this.said.push(`replace ${source}`)) };
      const one = {
        isMuted: false,
        track,
        mute: async () => void ((one.isMuted = true), this.said.push(`mute ${source}`)),
        unmute: async () => void ((one.isMuted = false), this.said.push(`unmute ${source}`)),
      };
      this.sent.set(source, one);
    },
    unpublishTrack: async (track: unknown) => {
      for (const [source, one] of this.sent) if (one.track === track) this.sent.delete(source), this.said.push(`unpublish ${source}`);
    },
  };

  on(event: string, hear: (...given: unknown[]) => void): void {
    this.hear.set(event, [...(this.hear.get(event) ?? []), hear]);
  }
  emit(event: string, ...given: unknown[]): void {
    for (const hear of this.hear.get(event) ?? []) hear(...given);
  }
  async connect(url: string, token: string): Promise<void> {
    this.said.push(`connect ${url} ${token}`);
    if (this.fails) throw new Error('nobody is there');
  }
  async disconnect(): Promise<void> {
    this.left = true;
  }
  /** Somebody else sends something. */
  sends(identity: string, got: Got): void {
    const there = this.remoteParticipants.get(identity) ?? { identity, trackPublications: new Map() };
    there.trackPublications.set(got.trackSid, got);
    this.remoteParticipants.set(identity, there);
    this.emit('trackPublished', got, there);
    if (got.isSubscribed) this.emit('trackSubscribed', got.track, got, there);
  }
}

class Scene {
  readonly clock = new Clock();
  readonly rooms: Played[] = [];
  readonly ways: Way[] = [];
  readonly places: string[] = [];
  shows: readonly Shown[] = [];
  asked = 0;
  socket = true;
  fails = false;
  readonly away = new Away(
    {
      room: () => {
        const room = new Played();
        room.fails = this.fails;
        this.rooms.push(room);
        return room as unknown as Room;
      },
      ask: () => this.socket && Boolean(++this.asked),
      later: this.clock.later,
      cancel: this.clock.cancel,
    },
    {
      way: (way) => this.ways.push(way),
      place: (mid) => this.places.push(`+${mid}`),
      leaves: (mid) => this.places.push(`-${mid}`),
      shows: (shows) => (this.shows = shows),
      speaks: (peer) => this.places.push(`speaks ${peer}`),
      carries: () => undefined,
    },
  );
  get room(): Played {
    return this.rooms.at(-1)!;
  }
  async opened(): Promise<this> {
    this.away.resume([], true, false);
    await this.away.way('wss://livekit.example', 'token');
    await settle();
    return this;
  }
}

const track = (name: string) => ({ name }) as unknown as MediaStreamTrack;
const person = (peer: number, on: Partial<Person>) => new Map([[`att_${peer}`, { person: `att_${peer}`, peer, microphone: false, camera: false, screen: false, ...on } as Person]]);

test('a way is asked for, opened, and everything is sent by it', async () => {
  const scene = new Scene();
  await scene.away.send('microphone', track('a'));
  scene.away.state({ microphone: false, camera: false, screen: false });
  await scene.opened();
  assert.equal(scene.asked, 1);
  assert.deepEqual(scene.ways.at(-1), 'open');
  // Who is off when they come is muted there, too.
  assert.deepEqual(scene.room.said, ['connect wss://livekit.example token', 'publish microphone', 'mute microphone']);
  scene.away.state({ microphone: true, camera: false, screen: false });
  await settle();
  void scene.away.send('microphone', track('b'));
  await settle();
  void scene.away.send('camera', track('c'));
  scene.away.state({ microphone: true, camera: true, screen: false });
  await settle();
  void scene.away.send('camera', null);
  await settle();
  assert.deepEqual(scene.room.said.slice(3), ['unmute microphone', 'replace microphone', 'publish camera', 'unpublish camera']);
});

test('what was turned off from there is turned on again, unless it is to be off', async () => {
  const scene = await new Scene().opened();
  scene.away.state({ microphone: true, camera: false, screen: false });
  void scene.away.send('microphone', track('a'));
  await settle();
  const sent = scene.room.sent.get('microphone')!;
  for (const on of [true, false]) {
    sent.isMuted = true;
    scene.room.emit('trackMuted', sent, {});
    scene.away.state({ microphone: on, camera: false, screen: false });
    scene.clock.pass(2 * SECOND);
    await settle();
    assert.equal(sent.isMuted, !on);
  }
});

test('a way that is lost is replaced, with pauses that grow', async () => {
  const scene = await new Scene().opened();
  const first = scene.room;
  first.emit('disconnected');
  assert.equal(scene.ways.at(-1), 'lost');
  assert.ok(first.left);
  scene.clock.pass(SECOND);
  assert.equal(scene.asked, 2);
  // One that cannot be opened, and one that is not given.
  scene.fails = true;
  await scene.away.way('wss://livekit.example', 'second');
  assert.equal(scene.ways.at(-1), 'lost');
  scene.clock.pass(2 * SECOND);
  assert.equal(scene.asked, 3);
  scene.away.refused();
  scene.fails = false;
  scene.clock.pass(5 * SECOND);
  assert.equal(scene.asked, 4);
  await scene.away.way('wss://livekit.example', 'third');
  assert.equal(scene.ways.at(-1), 'open');
  // What the first one still says is not listened to.
  first.emit('disconnected');
  assert.equal(scene.ways.at(-1), 'open');
  scene.away.close();
  assert.ok(scene.room.left);
});

test('the later way is taken, and none is asked for without a socket', async () => {
  const scene = await new Scene().opened();
  const first = scene.room;
  scene.away.allow(false);
  await scene.away.way('wss://livekit.example', 'other');
  assert.ok(first.left && !scene.room.left);
  // It lives, and so does the server's side of it.
  scene.away.resume([], false, true);
  assert.equal(scene.asked, 2);
  scene.socket = false;
  scene.away.resume([], false, false);
  scene.clock.pass(60 * SECOND);
  assert.equal(scene.asked, 2);
  assert.equal(scene.ways.at(-1), 'connecting');
});

test('who may send nothing sends nothing', async () => {
  const scene = new Scene();
  await scene.away.send('microphone', track('a'));
  scene.away.resume([], false, false);
  await scene.away.way('wss://livekit.example', 'token');
  await settle();
  assert.equal(scene.room.sent.size, 0);
});

test('all sounds are received, of those who are on; pictures that are wanted, as large as they are', async () => {
  const scene = await new Scene().opened();
  const [sound, camera, screen] = [new Got('TR_a', 'audio', 'microphone'), new Got('TR_b', 'video', 'camera'), new Got('TR_c', 'video', 'screen_share')];
  for (const got of [sound, camera, screen]) scene.room.sends('att_7.7', got);
  assert.deepEqual([sound.isSubscribed, camera.isSubscribed, screen.isSubscribed], [true, false, false]);
  assert.deepEqual(scene.places, ['+TR_a']);
  assert.equal(sound.media.enabled, false, 'nobody whom we know');
  scene.away.people(person(7, {}));
  assert.equal(sound.media.enabled, false, 'off');
  scene.away.people(person(7, { microphone: true }));
  assert.equal(sound.media.enabled, true);
  scene.away.people(person(8, { microphone: true }));
  assert.equal(sound.media.enabled, false, 'another one');

  scene.away.want([{ peer: 7, source: 'camera', height: 360 }]);
  assert.ok(camera.isSubscribed && !screen.isSubscribed);
  scene.room.emit('trackSubscribed', camera.track, camera);
  assert.deepEqual([camera.enabled, camera.height, scene.places.at(-1)], [true, 360, '+TR_b']);
  assert.deepEqual(scene.shows, [{ mid: 'TR_b', peer: 7, source: 'camera', paused: false }]);
  scene.away.want([]);
  assert.deepEqual([camera.isSubscribed, camera.enabled], [true, false]);
  camera.isSubscribed = false;
  scene.room.emit('trackUnsubscribed', camera.track, camera);
  assert.equal(scene.places.at(-1), '-TR_b');
  assert.deepEqual(scene.shows, []);
  scene.room.emit('activeSpeakersChanged', [{ identity: 'att_7.7', isLocal: false }]);
  scene.room.emit('activeSpeakersChanged', [{ identity: 'att_1.1', isLocal: true }]);
  scene.room.emit('activeSpeakersChanged', []);
  assert.equal(scene.places.at(-1), 'speaks 7');
});
