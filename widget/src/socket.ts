// The conversation behind the window: one socket, kept alive, and what has not been sent yet. No DOM, no global: clock,
// chance, storage and the socket itself come from outside, so tests run it in plain Node.
//
// Guarantees: a message is handed on once and in order of `seq`; a gap leads to a new `subscribe`; what was to be sent is
// kept until the server has it, also over a reload, and is sent again under the same `client_id`, one at a time, in order.
// Must not: know how anything looks; grow without bound (`UNSENT`, `HISTORY`).

import type { ClientFrame, Message, ServerFrame, Typing } from './frames.ts';

/** As much of a WebSocket as is used. */
export interface Wire {
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What stays over a reload. Must not throw: a browser may forbid its storage. */
export interface Kept {
  /** What there is. A value is written first, an empty one taken away. */
  keep(key: string, value?: string): string | null | undefined;
  names(): string[];
}

export interface World extends Kept {
  dial(): Wire;
  /** Milliseconds since 1970. */
  clock(): number;
  later(run: () => void, ms: number): number;
  cancel(timer: number | undefined): void;
  /** From 0 up to, not including, 1. */
  chance(): number;
}

/** `waiting`: cut off, tries again. `refused`: the server does not know this widget; tries again only when woken. */
export type Status = 'connecting' | 'live' | 'waiting' | 'refused';

export type Delivery = 'sending' | 'sent' | 'failed';

export interface Listener {
  /** `calls`: whether the company takes any, once that is known. */
  status(status: Status, calls?: boolean): void;
  /** Each message once, in order. */
  said(message: Message): void;
  /** A message of ours under way; `why` it is not there yet, or not sent, where that is known. `sent` comes before, or
      instead of, its `message`. */
  outgoing(id: string, text: string, delivery: Delivery, why: string): void;
  typing(how: Typing): void;
  /** Everything there was has been handed on. */
  caughtUp(): void;
  /** What was handed on belongs to a conversation that is gone. */
  reset(): void;
  /** A person could not be asked for; the server's reason, if it gave one. */
  handoffFailed(why: string): void;
}

export interface Talk {
  /** Says something. False when too many messages wait already. */
  utter(text: string): boolean;
  retry(id: string): void;
  /** Asks for a person, or for a call: now, or as soon as there is a conversation. */
  handoff(how?: unknown): void;
  /** Says whether a message answers what was asked: now, or as soon as there is a connection, and again if that is cut off. */
  judge(seq: number, answers: boolean): void;
  typing(): void;
  /** Looks at once whether the connection is good: the network is back, the page is seen again, the window was opened. */
  wake(): void;
  /** Another tab of this visitor has sent something: perhaps it began the conversation. */
  elsewhere(): void;
  /** Hangs up until woken. */
  stop(): void;
}

const UNSENT = 50;
const HISTORY = 500;
const SECOND = 1000;
/** Unsent messages older than this are shown as failed, not sent behind their writer's back. */
const STALE = 24 * 3600 * SECOND;
/** A connection that held so long was a good one: the next pause is short again. */
const STEADY = 10 * SECOND;
const TRIES = 4;

interface Unsent {
  readonly id: string;
  readonly text: string;
  halted: boolean;
  /** The reason, for its writer. */
  why: string;
  /** How often the server did not take it, or did not answer. */
  troubles: number;
}

export function talk(widget: string, world: World, listener: Listener): Talk {
  // Taken off: a browser's own are called with nothing before the dot.
  const { clock: now, keep, chance: random, later, cancel } = world;
  const key = `samtal:${widget}`;

  let token: string | undefined;
  /** A new visitor's token. It opens nothing before the first message, so it is kept only then: until somebody speaks, every
      tab is a visitor of its own. */
  let offered: string | undefined;
  /** The conversation that is subscribed to, the `seq` up to which it has come, and whether the server is sending it. */
  let following: string | null = null;
  let last = 0;
  let catching = false;
  let gaps = 0;
  /** The conversation that messages go to. */
  let target: string | null = null;

  let wire: Wire | undefined;
  let welcomed = false;
  let since = 0;
  let attempt = 0;
  let refusals = 0;
  /** Seconds; told by the welcome. */
  let heartbeat: number;

  let inFlight: Unsent | undefined;
  /** What is wanted of people; asked for on this connection. */
  let wanted: '' | 'handoff' | 'call' = '';
  let asked = false;
  let typed = 0;
  /** Judgements of which nothing shows that the server has them. */
  const judged: ClientFrame[] = [];

  const timers: Record<string, number> = {};
  const set = (name: string, run: () => void, seconds: number) => {
    cancel(timers[name]);
    timers[name] = later(run, seconds * SECOND);
  };

  // A key begins with the time, so the order of the keys is the order of writing.
  const unsent = new Map<unknown, Unsent>(
    world
      .names()
      .filter((name) => name.startsWith(`${key}:`))
      .sort()
      .slice(0, UNSENT)
      .map((name) => {
        const id = name.slice(key.length + 1);
        const halted = !(now() - parseInt(id, 36) < STALE);
        return [id, { id, text: keep(name) ?? '', halted, why: halted ? 'It is older than a day.' : '', troubles: 0 }];
      }),
  );

  const write = (frame: ClientFrame) => wire?.send(JSON.stringify(frame));

  const report = ({ id, text, halted, why }: Unsent) => listener.outgoing(id, text, halted ? 'failed' : 'sending', why);

  function connect(): void {
    hangUp();
    listener.status('connecting');
    const fresh = world.dial();
    wire = fresh;
    fresh.onopen = () => fresh === wire && hello();
    fresh.onmessage = ({ data }) => fresh === wire && hear(JSON.parse(data));
    fresh.onclose = ({ code }) => fresh === wire && lost(code);
    set('pulse', lost, 15);
  }

  /** Ends the socket and everything that waits for it. */
  function hangUp(): void {
    const old = wire;
    wire = offered = inFlight = undefined;
    welcomed = catching = asked = false;
    for (const name in timers) cancel(timers[name]);
    old?.close();
  }

  /** The close codes of the protocol; 0 is our own: no answer came. */
  function lost(code = 0): void {
    const held = welcomed && now() - since > STEADY;
    if (code === 1008 && !welcomed && ++refusals > 1) {
      if (!token) return refuse();
      forget();
    }
    if (code === 1009 && inFlight) fail(inFlight, 'It is too long.');
    hangUp();
    if (held) attempt = 0;
    const first = code === 1013 ? 5 : 0.5;
    set('retry', connect, Math.min(30, first * 2 ** attempt++) * (1 + random() / 2));
    listener.status('waiting');
  }

  function refuse(): void {
    hangUp();
    listener.status('refused');
  }

  function hello(): void {
    // The storage first: another tab of the same visitor may have begun.
    token = keep(key) ?? token;
    write({ type: 'hello', widget, token });
  }

  function forget(): void {
    if (keep(key) === token) keep(key, '');
    token = undefined;
    leave();
  }

  function leave(): void {
    following = target = null;
    last = judged.length = 0;
    catching = false;
    listener.reset();
  }

  function follow(conversation: string, after: number): void {
    if (following) listener.reset();
    following = conversation;
    last = after;
    judged.length = 0;
    subscribe();
  }

  function subscribe(): void {
    if (!following) return;
    catching = true;
    write({ type: 'subscribe', conversation: following, after: last });
  }

  function hear(frame: ServerFrame): void {
    // Whatever comes is a sign of life.
    if (welcomed) set('pulse', ping, heartbeat);
    if (frame.type === 'welcome') welcome(frame);
    else if (frame.type === 'message') deliver(frame.message);
    else if (frame.type === 'error') trouble(frame);
    // Frames are done in order: what had gone out before that is done.
    else if (frame.type === 'pong') judged.length = 0;
    else if (frame.type === 'sent') {
      const { message } = frame;
      // A tab that met the token before the server knew it has taken it away.
      if (token && !keep(key)) keep(key, token);
      settle(frame.client_id);
      target = message.conversation_id;
      if (target !== following) follow(target, 0);
      // Not in its turn: the stream brings it.
      if (message.seq === last + 1) deliver(message);
      flush();
    } else if (frame.type === 'caught_up' && frame.conversation === following) {
      catching = false;
      if (frame.seq <= last) {
        gaps = 0;
        listener.caughtUp();
      } else if (++gaps > 3) lost();
      else subscribe();
    } else if (frame.type === 'typing' && frame.conversation === following && frame.from !== 'contact') {
      listener.typing(frame);
    }
  }

  function welcome(frame: ServerFrame & { type: 'welcome' }): void {
    if (token || frame.conversation) keep(key, (token = frame.token));
    else offered = frame.token;
    welcomed = true;
    since = now();
    refusals = 0;
    heartbeat = frame.heartbeat_s || 30;
    set('pulse', ping, heartbeat);
    listener.status('live', frame.calls);
    target = frame.conversation;
    if (target && (target !== following || frame.last_seq < last)) {
      follow(target, Math.max(0, frame.last_seq - HISTORY));
    } else if (following) {
      subscribe();
      judged.map(write);
    } else listener.caughtUp();
    flush();
  }

  function deliver(message: Message): void {
    if (!following) follow((target = message.conversation_id), 0);
    if (message.conversation_id !== following || message.seq <= last) return;
    if (message.seq > last + 1) {
      // While the server sends from `last` on, what it had sent before that may still come.
      if (!catching) subscribe();
      return;
    }
    last = message.seq;
    if (message.from === 'contact' && message.client_id) settle(message.client_id);
    else if (asked && (message.event || message.from === 'agent')) wanted = '';
    listener.said(message);
    flush();
  }

  function trouble({ code, detail = '', client_id, retry_after }: ServerFrame & { type: 'error' }): void {
    if (!welcomed) {
      if (code === 'unauthenticated' && token) {
        forget();
        hello();
      } else if (/^(unauth|not_f|forb|inv)/.test(code)) refuse();
      else lost(1013);
      return;
    }
    const entry = unsent.get(client_id) ?? (retry_after && inFlight);
    // It does not say about which frame.
    if (retry_after && !client_id) {
      set('repeat', () => {
        if (catching) subscribe();
        asked = false;
        flush();
      }, retry_after);
    }
    if (entry) {
      cancel(timers['ack']);
      if (code === 'not_found' && target) {
        // The conversation was deleted: the message begins another.
        leave();
        inFlight = undefined;
      } else if (retry_after && ++entry.troubles < TRIES) {
        set('ack', () => ((inFlight = undefined), flush()), retry_after);
        entry.why = detail;
        report(entry);
      } else fail(entry, detail);
      flush();
    } else if (retry_after) return;
    else if (code === 'unauthenticated') lost(1008);
    else if (asked && wanted) {
      wanted = '';
      listener.handoffFailed(detail);
    } else if (code === 'not_found' && catching) leave();
  }

  function fail(entry: Unsent, why: string): void {
    entry.halted = true;
    entry.why = why;
    if (entry === inFlight) inFlight = undefined;
    report(entry);
  }

  /** The server has it. */
  function settle(id: string): void {
    const entry = unsent.get(id);
    if (!entry) return;
    unsent.delete(id);
    keep(`${key}:${id}`, '');
    if (entry === inFlight) {
      inFlight = undefined;
      cancel(timers['ack']);
    }
    listener.outgoing(id, entry.text, 'sent', '');
  }

  /** Sends what is next: one message at a time, then the wish for a person. */
  function flush(): void {
    if (!welcomed || inFlight) return;
    const entry = [...unsent.values()].find(({ halted }) => !halted);
    if (entry) {
      if (offered) {
        // Another tab has begun meanwhile: this one joins it. Kept before it is used: the answer may be lost.
        if (keep(key)) return connect();
        token = offered;
        offered = undefined;
        keep(key, token);
      }
      inFlight = entry;
      const { id, text } = entry;
      write({ type: 'send', client_id: id, text, conversation: target ?? undefined });
      set('ack', () => (++entry.troubles < TRIES ? lost() : (fail(entry, 'No answer came.'), flush())), 20);
    } else if (wanted && !asked && target) {
      asked = true;
      write({ type: wanted, conversation: target });
    }
  }

  function ping(): void {
    write({ type: 'ping' });
    set('pulse', lost, 10);
  }

  unsent.forEach(report);
  connect();

  return {
    utter(text) {
      if (unsent.size >= UNSENT) return false;
      const id = `${now().toString(36)}-${random().toString(36).slice(2)}`;
      const entry = { id, text: text.toWellFormed(), halted: false, why: '', troubles: 0 };
      unsent.set(id, entry);
      keep(`${key}:${id}`, entry.text);
      report(entry);
      flush();
      return true;
    },
    retry(id) {
      const entry = unsent.get(id);
      if (!entry?.halted) return;
      entry.halted = false;
      entry.why = '';
      entry.troubles = 0;
      report(entry);
      flush();
    },
    handoff(how) {
      wanted = how === 'call' ? how : 'handoff';
      asked = false;
      flush();
    },
    judge(seq, answers) {
      const frame: ClientFrame = { type: 'judge', conversation: following as string, seq, answers };
      judged.push(frame);
      if (welcomed) write(frame);
    },
    typing() {
      if (!welcomed || !target || now() - typed < 3 * SECOND) return;
      typed = now();
      write({ type: 'typing', conversation: target });
    },
    wake() {
      if (welcomed) ping();
      else if (!wire) connect();
    },
    elsewhere() {
      if (welcomed && !following && !inFlight) connect();
    },
    stop: hangUp,
  };
}
