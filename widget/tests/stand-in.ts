// A world for socket.ts: a clock that moves when told, sockets that record, a storage in memory.

import type { Author, ClientFrame, Message, ServerFrame } from '../src/frames.ts';
import { type Delivery, type Kept, type Status, talk, type Wire } from '../src/socket.ts';

export const WIDGET = 'wgt_1';
export const TOKEN = `samtal:${WIDGET}`;

/** A socket; the test plays the server. */
export class Line implements Wire {
  onopen: Wire['onopen'] = null;
  onmessage: Wire['onmessage'] = null;
  onclose: Wire['onclose'] = null;
  /** What the client has sent and no test has taken. */
  frames: ClientFrame[] = [];
  closed = false;

  send(text: string): void {
    if (this.closed) throw new Error('sent on a closed socket');
    this.frames.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  open(): this {
    this.onopen?.();
    return this;
  }

  says(...frames: ServerFrame[]): this {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
    return this;
  }

  welcomes(token: string, conversation: string | null = null, last_seq = 0): this {
    return this.says({ type: 'welcome', token, conversation, last_seq, heartbeat_s: 30 });
  }

  ends(code: number): void {
    this.closed = true;
    this.onclose?.({ code });
  }

  /** Takes what the client has sent. */
  heard(): ClientFrame[] {
    return this.frames.splice(0);
  }
}

/** One browser's storage, for all its tabs. */
export class Store implements Kept {
  readonly entries = new Map<string, string>();
  keep = (key: string, value?: string) => {
    if (value) this.entries.set(key, value);
    else if (value === '') this.entries.delete(key);
    return this.entries.get(key) ?? null;
  };
  names = () => [...this.entries.keys()];
}

/** A storage that keeps nothing, as in a browser that forbids it. */
export const FORBIDDEN: Kept = { keep: () => null, names: () => [] };

/** A tab with the widget open. */
export class Tab {
  readonly lines: Line[] = [];
  readonly statuses: Status[] = [];
  readonly messages: Message[] = [];
  readonly deliveries: [text: string, delivery: Delivery, why?: string][] = [];
  readonly ids: string[] = [];
  readonly typing: [Author, string | null | undefined, (string | undefined)?, (boolean | undefined)?][] = [];
  caughtUp = 0;
  resets = 0;
  readonly refusals: string[] = [];
  /** Whether there is a button for calls. */
  calls: boolean | undefined;
  time: number;
  /** What chance gives, again and again. */
  chance = 0;
  private timers = new Map<number, { at: number; run: () => void }>();
  private count = 0;
  readonly talk;

  constructor(kept: Kept = new Store(), time = Date.UTC(2026, 10, 21)) {
    this.time = time;
    this.talk = talk(
      WIDGET,
      {
        dial: () => {
          const line = new Line();
          this.lines.push(line);
          return line;
        },
        clock: () => this.time,
        later: (run, ms) => {
          this.timers.set(++this.count, { at: this.time + ms, run });
          return this.count;
        },
        cancel: (timer) => void this.timers.delete(timer ?? 0),
        chance: () => this.chance,
        keep: kept.keep,
        names: kept.names,
      },
      {
        status: (status, calls) => {
          this.statuses.push(status);
          this.calls = calls;
        },
        said: (message) => this.messages.push(message),
        outgoing: (id, text, delivery, why) => {
          if (!this.ids.includes(id)) this.ids.push(id);
          this.deliveries.push(why ? [text, delivery, why] : [text, delivery]);
        },
        typing: ({ from, name, text, withdrawn }) => this.typing.push(text || withdrawn ? [from, name, text, withdrawn] : [from, name]),
        caughtUp: () => this.caughtUp++,
        reset: () => {
          this.resets++;
          this.messages.length = 0;
        },
        handoffFailed: (why) => this.refusals.push(why),
      },
    );
  }

  /** The socket that was opened last. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (!line) throw new Error('no socket was opened');
    return line;
  }

  get status(): Status | undefined {
    return this.statuses.at(-1);
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  /** When the next timer is due, in milliseconds from now. */
  get next(): number {
    return Math.min(...[...this.timers.values()].map(({ at }) => at)) - this.time;
  }

  get waiting(): number {
    return this.timers.size;
  }

  /** Moves the clock and runs what is due, in order. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = end;
  }

  /** Open, known, and at the end of a conversation of so many messages. */
  live(conversation: string | null = 'conv_1', last = 0): this {
    this.line.open().welcomes('smc_1', conversation, last);
    for (let seq = 1; seq <= last; seq++) this.line.says(said(seq));
    if (conversation) this.line.says({ type: 'caught_up', conversation, seq: last });
    this.line.heard();
    return this;
  }
}

export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    conversation_id: 'conv_1',
    seq,
    from: 'assistant',
    name: null,
    text: `${seq}`,
    event: null,
    refused: false,
    outcome: null,
    citations: [],
    client_id: null,
    created_at: '2026-11-21T16:00:00.000Z',
    ...more,
  };
}

export const said = (seq: number, more: Partial<Message> = {}): ServerFrame => ({
  type: 'message',
  message: message(seq, more),
});

export const sent = (client_id: string, seq: number, text: string, more: Partial<Message> = {}): ServerFrame => ({
  type: 'sent',
  client_id,
  message: message(seq, { from: 'contact', client_id, text, ...more }),
});
