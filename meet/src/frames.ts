// What goes over the socket of a meeting, `/ws/meet`, and what the page is told when it is loaded.

export type Id = string;
/** Somebody's connection, as the media server calls it. */
export type Peer = number;
export type Source = 'microphone' | 'camera' | 'screen' | 'screen_sound';
export type Role = 'host' | 'speaker' | 'viewer';

export interface Person {
  readonly person: Id;
  readonly name: string;
  readonly role: Role;
  readonly state: 'waiting' | 'in';
  /** Null until they have offered. */
  readonly peer: Peer | null;
  readonly hand: boolean;
  readonly microphone: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  /** False while their connection is cut. */
  readonly here: boolean;
}

export interface Message {
  readonly seq: number;
  readonly person: Id;
  readonly name: string;
  readonly text: string;
  /** RFC 3339. */
  readonly at: string;
  /** Only to who has sent it. */
  readonly client_id?: string | null;
}

export interface Meeting {
  readonly code: string;
  readonly title: string;
  readonly locked: boolean;
  readonly waiting_room: boolean;
  readonly started_at?: string | null;
}

/** What is shown in a place: a line of media, by its `mid`. */
export interface Shown {
  readonly mid: string;
  readonly peer: Peer;
  readonly source: Source;
  /** It does not come for the time being: the line does not carry it. */
  readonly paused: boolean;
}

/** What somebody wants to see, and how high it is on their screen, in pixels of the device. */
export interface Wanted {
  readonly peer: Peer;
  readonly source: Source;
  readonly height: number;
}

export type Sources = Readonly<Record<string, Source>>;

export type MediaFrame =
  | { readonly media: 'connected' }
  | { readonly media: 'shows'; readonly shows: readonly Shown[] }
  | { readonly media: 'places'; readonly sound: number; readonly picture: number }
  | { readonly media: 'speaks'; readonly peer: Peer }
  | { readonly media: 'carries'; readonly bps: number }
  | { readonly media: 'gone'; readonly why: 'left' | 'silent' | 'never_came' | 'broken' };

export interface Welcome {
  readonly type: 'welcome';
  /** The number of the socket: later ones have higher ones. */
  readonly socket: number;
  readonly person: Id;
  readonly role: Role;
  readonly meeting: Meeting;
  readonly people: readonly Person[];
  readonly messages: readonly Message[];
  readonly token: string;
  readonly heartbeat_s: number;
  readonly ice_servers: readonly RTCIceServer[];
}

export type ServerFrame =
  | Welcome
  | { readonly type: 'waiting' | 'removed' | 'refused' | 'ended' | 'pong' }
  | { readonly type: 'person'; readonly person: Person }
  | { readonly type: 'gone'; readonly person: Id }
  | ({ readonly type: 'message' } & Message)
  | { readonly type: 'reaction'; readonly person: Id; readonly emoji: string }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'way'; readonly url: string; readonly token: string }
  | ({ readonly type: 'media' } & MediaFrame)
  | { readonly type: 'muted' | 'video_stopped' | 'screen_stopped'; readonly by: string }
  | { readonly type: 'locked'; readonly locked: boolean }
  | { readonly type: 'token'; readonly token: string }
  | {
      readonly type: 'error';
      readonly code: string;
      readonly detail?: string;
      readonly client_id?: string | null;
      readonly retry_after?: number | null;
      /** What it is about, where that is an offer. */
      readonly about?: string | null;
    };

export type ClientFrame =
  | { readonly type: 'hello'; readonly token: string; readonly consent?: boolean; readonly media?: boolean; readonly was?: number }
  /** Of a new connection the server knows by the session's id in it, and lets go of the one before. */
  | { readonly type: 'offer'; readonly sdp: string; readonly sources: Sources }
  | { readonly type: 'want'; readonly wanted: readonly Wanted[] }
  | { readonly type: 'say'; readonly client_id: string; readonly text: string }
  | { readonly type: 'hand'; readonly up: boolean }
  | { readonly type: 'state'; readonly microphone: boolean; readonly camera: boolean; readonly screen: boolean }
  | { readonly type: 'react'; readonly emoji: string }
  | { readonly type: 'admit' | 'refuse' | 'mute' | 'stop_video' | 'stop_screen' | 'remove'; readonly person: Id }
  | { readonly type: 'role'; readonly person: Id; readonly role: Role }
  | { readonly type: 'lock'; readonly locked: boolean }
  /** Asks for a way to LiveKit. */
  | { readonly type: 'connect' }
  | { readonly type: 'end' | 'leave' | 'ping' };

/** `data-meet-settings`. */
export interface Settings {
  readonly code: string;
  readonly title: string;
  /** Of one that is to come, RFC 3339. */
  readonly starts_at: string | null;
  readonly socket: string;
  readonly join: string;
  readonly host: boolean;
  readonly name: string | null;
  readonly passcode: boolean;
  readonly waiting_room: boolean;
  /** False: this server carries no media. */
  readonly media: boolean;
  /** Where the code is that speaks with LiveKit, where that carries media. */
  readonly livekit: string | null;
  /** Nowhere, in the page of another site. */
  readonly back: string | null;
  /** In the page of another site: those that the company allows. */
  readonly sites: readonly string[] | null;
  readonly limits: { readonly name: number; readonly text: number; readonly passcode: number; readonly people: number };
  readonly reactions: readonly string[];
  readonly heartbeat_s: number;
  readonly language: string;
}
