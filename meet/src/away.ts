// Media by a LiveKit server, where the installation has one, in the place of `call.ts`. Who is there, and what hosts do, is said over our own socket as
// always; it gives the way, too. No DOM, and no library: the room comes from outside.
//
// Guarantees: what is sent (microphone, camera, screen) outlives a way: one that is lost is replaced by a fresh one, which is asked for anew, with pauses
// that grow, and everything is sent again. Nobody is heard whose microphone is off, or whom our own server does not know. Only pictures that are asked
// for are received. Must not: know how anything looks, or open a device; or mend a way, since a seat is used once.

import type { Listener, Media, On } from './call.ts';
import type { Id, Peer, Person, Shown, Source, Wanted } from './frames.ts';
import { type Clock, Timers, Tries } from './tries.ts';

export interface World extends Clock {
  room(): Room;
  /** Asks for a way; false where that cannot be done now. */
  ask(): boolean;
}

/** As much of LiveKit's client as is used. */
export interface Room {
  readonly state: string;
  readonly localParticipant: {
    getTrackPublication(source: string): Sent | undefined;
    publishTrack(track: MediaStreamTrack, options: object): Promise<unknown>;
    unpublishTrack(track: LocalTrack, stops: boolean): Promise<unknown>;
  };
  readonly remoteParticipants: ReadonlyMap<string, { readonly identity: string; readonly trackPublications: ReadonlyMap<string, Got> }>;
  connect(url: string, token: string, options: object): Promise<void>;
  disconnect(stops: boolean): Promise<void>;
  on(event: string, hear: (...given: never[]) => void): unknown;
}

interface LocalTrack {
  readonly mediaStreamTrack: MediaStreamTrack;
  replaceTrack(track: MediaStreamTrack, own: boolean): Promise<unknown>;
}

interface Sent {
  readonly isMuted: boolean;
  readonly track?: LocalTrack | undefined;
  mute(): Promise<unknown>;
  unmute(): Promise<unknown>;
}

interface Got {
  readonly trackSid: string;
  readonly kind: string;
  readonly source: string;
  readonly isMuted: boolean;
  readonly isSubscribed: boolean;
  readonly track?: { readonly mediaStreamTrack: MediaStreamTrack; readonly streamState: string; getRTCStatsReport(): Promise<RTCStatsReport | undefined> } | undefined;
  setSubscribed(subscribed: boolean): void;
  setEnabled(enabled: boolean): void;
  setVideoDimensions(size: { width: number; height: number }): void;
}

const SECOND = 1000;
/** What was turned off from there although it is to be on is turned on again, unless we hear that a host did it. */
const HEEDS = SECOND;
/** As LiveKit calls them. */
const NAMES: Record<Source, string> = {
  microphone: 'microphone',
  camera: 'camera',
  screen: 'screen_share',
  screen_sound: 'screen_share_audio',
};
const SOURCES = Object.keys(NAMES) as Source[];

const named = (name: string): Source | undefined => SOURCES.find((source) => NAMES[source] === name);
/** A seat is called by who sits there, and its number, by which our server calls them. */
const peerOf = (identity: string): Peer => Number(identity.slice(identity.lastIndexOf('.') + 1));
const isOn = (on: On, source: Source): boolean => on[source === 'screen_sound' ? 'screen' : source];

export class Away implements Media {
  /** What could not be read is said to be about a way, or was none. */
  readonly asks = false;
  private readonly tracks: Partial<Record<Source, MediaStreamTrack | null>> = {};
  private readonly world: World;
  private readonly listener: Listener;
  private room: Room | undefined;
  /** The room is open. */
  private live = false;
  private may = true;
  private on: On = { microphone: false, camera: false, screen: false };
  private wanted: readonly Wanted[] = [];
  private known: ReadonlyMap<Id, Person> = new Map();
  /** The pictures that were asked for once. */
  private taken = new Set<string>();
  private settling = false;
  private again = false;
  private readonly timers: Timers;
  private readonly tries: Tries;

  constructor(world: World, listener: Listener) {
    this.world = world;
    this.listener = listener;
    this.timers = new Timers(world);
    this.tries = new Tries(this.timers, listener);
  }

  resume(_ice: readonly RTCIceServer[], may: boolean, alive: boolean): void {
    this.tries.afresh();
    if (alive && may === this.may && this.live) return;
    this.may = may;
    this.open();
  }

  allow(may: boolean): void {
    if (may === this.may) return;
    this.may = may;
    this.open();
  }

  async send(source: Source, track: MediaStreamTrack | null): Promise<void> {
    this.tracks[source] = track;
    await this.settle();
  }

  /** What is on now. */
  state(on: On): void {
    this.on = { ...on };
    void this.settle();
  }

  /** Who is there now: it is heard who says that they speak. */
  people(people: ReadonlyMap<Id, Person>): void {
    this.known = people;
    this.hush();
  }

  want(wanted: readonly Wanted[]): void {
    this.wanted = wanted;
    this.take();
  }

  /** The way that was asked for. One that was given before is nobody's by now. */
  async way(url: string, token: string): Promise<void> {
    this.begin();
    const room = this.world.room();
    this.room = room;
    this.tries.wait(() => this.lost());
    const still = (then: () => void) => () => room === this.room && then();
    for (const event of ['trackPublished', 'trackUnpublished']) room.on(event, still(() => this.take()));
    for (const event of ['trackMuted', 'trackUnmuted', 'trackStreamStateChanged']) room.on(event, still(() => this.show()));
    room.on('trackSubscribed', (_: unknown, got: Got) => room === this.room && this.came(got));
    room.on('trackUnsubscribed', (_: unknown, got: Got) => room === this.room && this.went(got));
    room.on('trackMuted', still(() => this.timers.set('heeds', () => void this.settle(), HEEDS)));
    room.on('activeSpeakersChanged', ([one]: readonly { identity: string; isLocal: boolean }[]) => {
      if (room === this.room && one && !one.isLocal) this.listener.speaks(peerOf(one.identity));
    });
    room.on('disconnected', still(() => this.lost()));
    try {
      await room.connect(url, token, { autoSubscribe: false, maxRetries: 0 });
    } catch {
      if (room === this.room) this.lost();
      return;
    }
    if (room !== this.room) return;
    this.live = true;
    this.tries.opens();
    this.take();
    await this.settle();
  }

  /** There was no way just now. */
  refused(): void {
    if (!this.room) this.lost();
  }

  async stats(): Promise<RTCStatsReport | undefined> {
    // All goes over one connection: any of the tracks tells of it.
    const one = this.all().find(({ got }) => got.isSubscribed);
    return one?.got.track?.getRTCStatsReport().catch(() => undefined);
  }

  close(): void {
    this.drop();
  }

  private drop(): void {
    this.timers.clear();
    const { room } = this;
    this.room = undefined;
    this.live = false;
    this.taken.clear();
    void room?.disconnect(false).catch(() => undefined);
  }

  private begin(): void {
    this.drop();
    this.tries.begins();
  }

  private open(): void {
    this.begin();
    // Without a socket nobody answers; with the next one, `resume` begins anew.
    if (this.world.ask()) this.tries.wait(() => this.lost());
  }

  private lost(): void {
    this.drop();
    this.tries.lost(() => this.open());
  }

  /** All that others send. */
  private all(): { readonly peer: Peer; readonly got: Got }[] {
    const all = [...(this.room?.remoteParticipants.values() ?? [])];
    return all.flatMap(({ identity, trackPublications }) =>
      [...trackPublications.values()].map((got) => ({ peer: peerOf(identity), got })),
    );
  }

  /** Receives all sounds, and the pictures that are wanted, as large as they are. */
  private take(): void {
    if (!this.live) return;
    for (const { peer, got } of this.all()) {
      const source = named(got.source);
      if (!source) continue;
      const wanted = got.kind === 'audio' || this.wanted.find((one) => one.peer === peer && one.source === source);
      if (wanted && !this.taken.has(got.trackSid)) {
        this.taken.add(got.trackSid);
        got.setSubscribed(true);
      }
      if (got.kind === 'audio' || !got.isSubscribed) continue;
      // One that was wanted is likely to be again: it stays, and nothing of it comes.
      got.setEnabled(Boolean(wanted));
      if (typeof wanted === 'object') got.setVideoDimensions({ width: Math.round((wanted.height * 16) / 9), height: wanted.height });
    }
    this.show();
  }

  private came(got: Got): void {
    if (!got.track) return;
    if (got.kind === 'audio') this.hush();
    this.listener.place(got.trackSid, got.track.mediaStreamTrack);
    this.take();
  }

  private went(got: Got): void {
    this.taken.delete(got.trackSid);
    this.listener.leaves?.(got.trackSid);
    this.show();
  }

  private show(): void {
    const shows: Shown[] = [];
    for (const { peer, got } of this.all()) {
      const source = named(got.source);
      if (!source || got.kind === 'audio' || !got.isSubscribed) continue;
      shows.push({ mid: got.trackSid, peer, source, paused: got.track?.streamState === 'paused' });
    }
    this.listener.shows(shows);
  }

  /** Nothing is heard of who is off, or is nobody here. */
  private hush(): void {
    const by = new Map([...this.known.values()].map((person) => [person.peer, person]));
    for (const { peer, got } of this.all()) {
      const [source, person] = [named(got.source), by.get(peer)];
      if (got.kind === 'audio' && got.track) got.track.mediaStreamTrack.enabled = source !== undefined && person !== undefined && isOn(person, source);
    }
  }

  /** Makes what is sent what is to be; one thing at a time. */
  private async settle(): Promise<void> {
    this.again = true;
    if (this.settling) return;
    this.settling = true;
    while (this.again) {
      this.again = false;
      for (const source of SOURCES) {
        const { room } = this;
        if (!room || !this.live || !this.may) continue;
        await this.one(room, source).catch(() => this.timers.set('heeds', () => void this.settle(), 3 * HEEDS));
      }
    }
    this.settling = false;
  }

  private async one({ localParticipant }: Room, source: Source): Promise<void> {
    const wanted = this.tracks[source];
    const sent = localParticipant.getTrackPublication(NAMES[source]);
    const track = sent?.track;
    if (!wanted) return void (track && (await localParticipant.unpublishTrack(track, false)));
    if (!track) {
      await localParticipant.publishTrack(wanted, { source: NAMES[source], simulcast: true });
      // It may be muted by now.
      this.again = true;
      return;
    }
    if (track.mediaStreamTrack !== wanted) await track.replaceTrack(wanted, true);
    if (sent.isMuted === isOn(this.on, source)) await (sent.isMuted ? sent.unmute() : sent.mute());
  }
}
