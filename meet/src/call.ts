// The one connection that carries media. The page alone makes offers, one at a time; the server answers. No DOM: the connection comes from outside.
//
// Guarantees: what is sent (microphone, camera, screen) outlives a connection: a way that is lost is replaced by a fresh connection, with pauses that
// grow, and everything is sent again. An answer to an offer of a connection that is gone is not taken. The number of places has a bound. Must not:
// know how anything looks, or open a device.
//
// A way that fails is never mended by an ICE restart: a fresh connection takes one round trip more, and there is one path for everything that can
// go wrong (the network, the server's restart, a role that changes).

import type { Id, MediaFrame, Peer, Person, Shown, Source, Sources, Wanted } from './frames.ts';
import { type Clock, Timers, Tries } from './tries.ts';

/** `connecting` the first time or anew; `closed`: it could not be opened at all, and is tried again. */
export type Way = 'connecting' | 'open' | 'lost' | 'closed';

export interface World extends Clock {
  connection(config: RTCConfiguration): RTCPeerConnection;
  /** Sends an offer; false where that cannot be done now. */
  offer(sdp: string, sources: Sources): boolean;
}

export interface Listener {
  way(way: Way): void;
  /** A place in which one hears or sees; they are all new after `way('connecting')`. */
  place(mid: string, track: MediaStreamTrack): void;
  shows(shows: readonly Shown[]): void;
  speaks(peer: Peer): void;
  carries(bps: number): void;
  /** A place that is no more, while the others are. */
  leaves?(mid: string): void;
}

/** What is on. */
export interface On {
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
}

/** What carries media, as the page knows it: the connection to our own server, or (`away.ts`) LiveKit. */
export interface Media {
  resume(ice: readonly RTCIceServer[], may: boolean, alive: boolean): void;
  allow(may: boolean): void;
  send(source: Source, track: MediaStreamTrack | null): Promise<void>;
  readonly asks: boolean;
  refused(): void;
  stats(): Promise<RTCStatsReport | undefined>;
  close(): void;
  answer?(sdp: string): Promise<void>;
  told?(frame: MediaFrame): void;
  way?(url: string, token: string): Promise<void>;
  want?(wanted: readonly Wanted[]): void;
  state?(on: On): void;
  people?(people: ReadonlyMap<Id, Person>): void;
}

/** Most places, as the server's. */
const MOST = { audio: 6, video: 25 };
/** With how many it begins, enough for a small meeting without a second offer; and how many for pictures come at a time, so that a meeting that
    grows is not an offer for each who comes. */
const BEGIN = { audio: 6, video: 6 };
const STEP = 6;
const SECOND = 1000;
/** How long an answer may take to come, and a way to be interrupted. */
const ANSWERED = 15 * SECOND;
const INTERRUPTED = 5 * SECOND;
/** Three sizes of the camera's picture. */
const SIZES: RTCRtpEncodingParameters[] = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];

/** Two of a screen's, which has to be read: where the line is weak rarely, and half as large. */
const SCREEN: RTCRtpEncodingParameters[] = [
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000, maxFramerate: 5 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 15 },
];

type Kind = 'audio' | 'video';
const KINDS: Record<Source, Kind> = { microphone: 'audio', camera: 'video', screen: 'video', screen_sound: 'audio' };

export class Call implements Media {
  private readonly tracks: Partial<Record<Source, MediaStreamTrack | null>> = {};
  private pc: RTCPeerConnection | undefined;
  private sends = new Map<Source, RTCRtpTransceiver>();
  private places: Record<Kind, RTCRtpTransceiver[]> = { audio: [], video: [] };
  private given = new Set<string>();
  private ice: RTCIceServer[] = [];
  /** Whether one may send anything. */
  private may = true;
  private busy = false;
  private again = false;
  /** Of each offer that has no answer yet, whose it is. */
  private readonly unanswered: RTCPeerConnection[] = [];
  private readonly world: World;
  private readonly listener: Listener;
  private readonly timers: Timers;
  private readonly tries: Tries;

  constructor(world: World, listener: Listener) {
    this.world = world;
    this.listener = listener;
    this.timers = new Timers(world);
    this.tries = new Tries(this.timers, listener);
  }

  /** The socket is there, perhaps again: goes on with the connection if it and the server's side of it live, or opens one. */
  resume(ice: readonly RTCIceServer[], may: boolean, alive: boolean): void {
    this.ice = [...ice];
    // Answers to what was asked on the old socket do not come any more.
    this.unanswered.length = 0;
    this.tries.afresh();
    if (alive && may === this.may && !this.busy && this.pc?.connectionState === 'connected') return;
    this.may = may;
    this.open();
  }

  /** What one may do is another now. */
  allow(may: boolean): void {
    if (may === this.may) return;
    this.may = may;
    if (this.pc) this.open();
  }

  /** Sends this track from now on, or nothing. */
  async send(source: Source, track: MediaStreamTrack | null): Promise<void> {
    this.tracks[source] = track;
    if (!this.pc || !this.may) return;
    const there = this.sends.get(source);
    if (there) await there.sender.replaceTrack(track).catch(() => undefined);
    else if (track) {
      this.add(this.pc, source);
      this.negotiate();
    }
  }

  /** The server has answered the oldest offer. */
  async answer(sdp: string): Promise<void> {
    const pc = this.unanswered.shift();
    if (!pc || pc !== this.pc) return;
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      if (pc === this.pc) this.lost();
      return;
    }
    this.settled(pc);
  }

  /** Whether an offer waits for its answer. */
  get asks(): boolean {
    return this.unanswered.length > 0;
  }

  /** The server could not answer the oldest offer. */
  refused(): void {
    if (this.unanswered.shift() === this.pc && this.pc) this.lost();
  }

  /** What the server tells about media. */
  told(frame: MediaFrame): void {
    switch (frame.media) {
      case 'shows':
        return this.listener.shows(frame.shows);
      case 'places':
        return this.receive(frame.sound, frame.picture);
      case 'speaks':
        return this.listener.speaks(frame.peer);
      case 'carries':
        return this.listener.carries(frame.bps);
      case 'gone':
        // Said of a connection that we have left ourselves, it is no news.
        if (frame.why !== 'left') this.lost();
    }
  }

  /** Numbers about the way, if it is open. */
  async stats(): Promise<RTCStatsReport | undefined> {
    return this.pc?.connectionState === 'connected' ? this.pc.getStats().catch(() => undefined) : undefined;
  }

  close(): void {
    this.drop();
  }

  private drop(): void {
    this.timers.clear();
    const { pc } = this;
    this.pc = undefined;
    this.sends.clear();
    this.places = { audio: [], video: [] };
    this.given.clear();
    this.busy = this.again = false;
    if (!pc) return;
    pc.onconnectionstatechange = null;
    pc.close();
  }

  private open(): void {
    this.drop();
    const pc = this.world.connection({ iceServers: this.ice, bundlePolicy: 'max-bundle' });
    this.pc = pc;
    this.tries.begins();
    pc.onconnectionstatechange = () => pc === this.pc && this.turned(pc.connectionState);
    if (this.may) {
      this.add(pc, 'microphone');
      this.add(pc, 'camera');
      for (const source of ['screen', 'screen_sound'] as const) if (this.tracks[source]) this.add(pc, source);
    }
    this.tries.wait(() => this.lost());
    this.receive(BEGIN.audio, BEGIN.video);
  }

  private turned(state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      this.timers.cancel('interrupted');
      this.tries.opens();
    } else if (state === 'disconnected') this.timers.set('interrupted', () => this.lost(), INTERRUPTED);
    else if (state === 'failed' || state === 'closed') this.lost();
  }

  /** The way is lost: a fresh one, after a pause. */
  private lost(): void {
    this.drop();
    this.tries.lost(() => this.open());
  }

  private add(pc: RTCPeerConnection, source: Source): void {
    const kind = KINDS[source];
    const init: RTCRtpTransceiverInit = { direction: 'sendonly' };
    if (source === 'camera') init.sendEncodings = SIZES;
    if (source === 'screen') init.sendEncodings = SCREEN;
    const transceiver = pc.addTransceiver(this.tracks[source] ?? kind, init);
    plain(transceiver, kind);
    this.sends.set(source, transceiver);
  }

  /** So many places in all, and an offer if that is more than there are. */
  private receive(sound: number, picture: number): void {
    const { pc } = this;
    if (!pc) return;
    let more = false;
    for (const [kind, wanted] of [['audio', sound], ['video', Math.ceil(picture / STEP) * STEP]] as const) {
      const there = this.places[kind];
      while (there.length < Math.min(wanted, MOST[kind])) {
        const transceiver = pc.addTransceiver(kind, { direction: 'recvonly' });
        plain(transceiver, kind);
        there.push(transceiver);
        more = true;
      }
    }
    if (more) this.negotiate();
  }

  /** Offers, or notes that it has to be done once what is under way is done. */
  private negotiate(): void {
    if (this.busy) this.again = true;
    else if (this.pc) {
      this.busy = true;
      void this.offer(this.pc);
    }
  }

  private async offer(pc: RTCPeerConnection): Promise<void> {
    try {
      await pc.setLocalDescription(await pc.createOffer());
    } catch {
      if (pc === this.pc) this.lost();
      return;
    }
    if (pc !== this.pc) return;
    for (const transceiver of [...this.places.audio, ...this.places.video]) {
      const { mid, receiver } = transceiver;
      if (!mid || this.given.has(mid)) continue;
      this.given.add(mid);
      this.listener.place(mid, receiver.track);
    }
    const sources: Record<string, Source> = {};
    for (const [source, { mid }] of this.sends) if (mid) sources[mid] = source;
    // Without a socket nobody answers; with the next one, `resume` begins anew.
    if (!this.world.offer(pc.localDescription?.sdp ?? '', sources)) return;
    this.unanswered.push(pc);
    this.timers.set('answered', () => this.lost(), ANSWERED);
  }

  /** An offer is done with. */
  private settled(pc: RTCPeerConnection): void {
    if (pc !== this.pc) return;
    this.timers.cancel('answered');
    this.busy = false;
    if (!this.again) return;
    this.again = false;
    this.negotiate();
  }
}

/** Only what the server speaks: VP8 and Opus. With everything that browsers know, an offer for many places is too long. */
function plain(transceiver: RTCRtpTransceiver, kind: Kind): void {
  const known = globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs ?? [];
  const spoken = known.filter(({ mimeType }) => /^(video\/(vp8|rtx)|audio\/opus)$/i.test(mimeType));
  try {
    if (spoken.length > 0) transceiver.setCodecPreferences(spoken);
  } catch {
    // The server chooses, then.
  }
}

/** How good the line is, by the share of packets that are lost, the time there and back in seconds, and what it carries. */
export function quality(loss: number, trip: number, carries: number): 'good' | 'fair' | 'poor' {
  if (loss > 0.08 || trip > 0.6 || carries < 150_000) return 'poor';
  return loss > 0.02 || trip > 0.3 || carries < 500_000 ? 'fair' : 'good';
}

/** Counts of packets so far, and the time there and back in seconds. */
export interface Counts {
  readonly lost: number;
  readonly all: number;
  readonly trip: number;
}

/** Adds up a report of the browser's. */
export function counts(report: Iterable<readonly [string, Record<string, unknown>]>): Counts {
  let lost = 0;
  let all = 0;
  let trip = 0;
  const number = (value: unknown) => (typeof value === 'number' && value > 0 ? value : 0);
  for (const [, one] of report) {
    if (one['type'] === 'inbound-rtp') {
      lost += number(one['packetsLost']);
      all += number(one['packetsLost']) + number(one['packetsReceived']);
    } else if (one['type'] === 'candidate-pair' && one['nominated']) trip = Math.max(trip, number(one['currentRoundTripTime']));
  }
  return { lost, all, trip };
}
