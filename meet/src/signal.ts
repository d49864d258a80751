// The socket of a meeting, kept alive: it says who one is, keeps the token fresh, and comes back after a cut. No DOM, no global: clock, chance and
// the socket itself come from outside, so tests run it in plain Node.
//
// Guarantees: there is one socket at a time; a frame of an old one is not listened to; what has ended for good (removed, refused, ended, left,
// opened elsewhere) is said once, and nothing is dialled after it. What is sent while there is no line is not kept: whoever sends says it anew after
// `welcome`.

import type { ClientFrame, ServerFrame } from './frames.ts';
import { type Clock, Timers } from './tries.ts';

/** As much of a WebSocket as is used. */
export interface Wire {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** `cut`: it tries again. */
export type Status = 'connecting' | 'waiting' | 'live' | 'cut';

/** Why it is over. `gone`: there is no such meeting (any more); `closed`: it is locked, or full; `unknown`: who one was is known no more, and one may
    ask anew. */
export type Over = 'removed' | 'refused' | 'ended' | 'left' | 'elsewhere' | 'gone' | 'closed' | 'unknown';

/** What comes of asking for a token again: one, that it is over, or nothing (the network). */
export type Pass = { readonly token: string } | { readonly over: Over; readonly detail?: string } | undefined;

export interface World extends Clock {
  /** Whether one has agreed to be seen, heard and read. */
  readonly consent?: boolean;
  /** Whether the way of media is open still: the server then lets it go on. */
  media?(): boolean;
  dial(): Wire;
  /** Asks for a token anew, as who one was. */
  pass(): Promise<Pass>;
  /** Milliseconds. */
  now(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
}

export interface Listener {
  status(status: Status): void;
  frame(frame: ServerFrame): void;
  over(why: Over, detail?: string): void;
}

export interface Signal {
  /** False where there is no line now. */
  send(frame: ClientFrame): boolean;
  /** Looks at once whether the line is good: the network is back, the page is seen again. */
  wake(): void;
  /** Leaves, and is over. */
  leave(): void;
}

const SECOND = 1000;
/** A line that held so long was a good one: the next pause is short again. */
const STEADY = 10 * SECOND;

export function signal(first: string, world: World, listener: Listener): Signal {
  const { now, random } = world;
  let token: string | undefined = first;
  /** The last socket's number, by which the server knows whether one has gone on by another page since. */
  let was = 0;
  let wire: Wire | undefined;
  let status: Status | undefined;
  let over = false;
  let asking = false;
  let since = 0;
  let attempt = 0;
  /** Seconds. */
  let heartbeat = 30;
  const timers = new Timers(world);
  const set = (name: string, run: () => void, seconds: number) => timers.set(name, run, seconds * SECOND);

  function say(next: Status): void {
    if (status === next) return;
    status = next;
    listener.status(next);
  }

  function write(frame: ClientFrame): void {
    wire?.send(JSON.stringify(frame));
  }

  /** The server ends a line on which nothing comes, and we one on which nothing comes back. */
  function ping(): void {
    set('beat', ping, heartbeat);
    // Counted from here: in a page that is not seen, timers run late, and both would be due at once.
    set('pulse', () => lost(0), 15);
    write({ type: 'ping' });
  }

  function connect(): void {
    if (over) return;
    hangUp();
    if (!token) return void ask();
    const fresh = world.dial();
    wire = fresh;
    fresh.onopen = () =>
      fresh === wire &&
      token &&
      write({ type: 'hello', token, ...(world.consent && { consent: true }), ...(world.media?.() && { media: true }), ...(was && { was }) });
    fresh.onmessage = ({ data }) => fresh === wire && hear(JSON.parse(data));
    fresh.onclose = ({ code }) => fresh === wire && lost(code);
    set('pulse', () => lost(0), 15);
  }

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    const pass = await world.pass().catch(() => undefined);
    asking = false;
    if (over) return;
    if (pass && 'over' in pass) return end(pass.over, pass.detail);
    if (!pass) return again();
    token = pass.token;
    connect();
  }

  function hangUp(): void {
    const old = wire;
    wire = undefined;
    timers.clear();
    old?.close();
  }

  function end(why: Over, detail?: string): void {
    if (over) return;
    over = true;
    hangUp();
    listener.over(why, detail);
  }

  /** The close codes of the protocol; 0 is our own: no answer came. */
  function lost(code: number): void {
    if (code === 4001) return end('elsewhere');
    if ((status === 'live' || status === 'waiting') && now() - since > STEADY) attempt = 0;
    // That token is no good (any more).
    if (code === 1008) token = undefined;
    hangUp();
    again(code === 1013 ? 5 : 0.5);
  }

  function again(first = 0.5): void {
    say('cut');
    // Those who were cut off at once do not come back at once.
    set('retry', connect, Math.min(15, first * 2 ** Math.min(attempt++, 6)) * (1 + random() / 2));
  }

  function hear(frame: ServerFrame): void {
    // Whatever comes is a sign of life; and there is something to come for each ping.
    set('pulse', () => lost(0), heartbeat + 15);
    switch (frame.type) {
      case 'pong':
        return;
      case 'token':
        token = frame.token;
        return;
      case 'removed':
      case 'refused':
      case 'ended':
        return end(frame.type);
      case 'waiting':
        since = now();
        set('beat', ping, heartbeat);
        say('waiting');
        return;
      case 'welcome':
        token = frame.token;
        was = frame.socket;
        heartbeat = frame.heartbeat_s || heartbeat;
        since = now();
        set('beat', ping, heartbeat);
        say('live');
    }
    listener.frame(frame);
  }

  say('connecting');
  connect();

  return {
    send(frame) {
      if (status !== 'live' || !wire) return false;
      write(frame);
      return true;
    },
    wake() {
      if (over) return;
      if (!wire) {
        if (!asking) connect();
      } else if (status === 'live' || status === 'waiting') {
        ping();
        set('pulse', () => lost(0), 5);
      }
    },
    leave() {
      try {
        if (wire && !over) write({ type: 'leave' });
      } catch {
        // It is not open yet: nothing can be said on it, and it is closed.
      }
      end('left');
    },
  };
}
