// What was written in a meeting, in order and once, and what one has written that the server does not have yet. No DOM.

import type { Id, Message } from './frames.ts';

/** Most that is kept, and most that waits to be sent. */
const MOST = 2000;
const UNSENT = 20;

export interface Entry {
  /** 0 while the server does not have it. */
  readonly seq: number;
  readonly id: string;
  readonly person: Id;
  readonly name: string;
  readonly text: string;
  readonly at: string;
  /** Why it was not taken, in the server's words or ours. */
  readonly failed: string;
}

export class Log {
  private said: Entry[] = [];
  private unsent: Entry[] = [];

  /** In order: what was said, then what is not sent yet. */
  get entries(): readonly Entry[] {
    return [...this.said, ...this.unsent];
  }

  /** What is to be sent (again). */
  get waiting(): readonly Entry[] {
    return this.unsent.filter(({ failed }) => failed === '');
  }

  /** Takes a message in; false if it is there already. */
  add({ seq, person, name, text, at, client_id }: Message): boolean {
    if (client_id) this.unsent = this.unsent.filter(({ id }) => id !== client_id);
    if (this.said.some((one) => one.seq === seq)) return false;
    const before = this.said.findLastIndex((one) => one.seq < seq);
    this.said.splice(before + 1, 0, { seq, id: `m${seq}`, person, name, text, at, failed: '' });
    if (this.said.length > MOST) this.said.shift();
    return true;
  }

  /** Notes what one writes; false when too much waits already. */
  write(id: string, person: Id, name: string, text: string, at: string): boolean {
    if (this.waiting.length >= UNSENT) return false;
    this.unsent.push({ seq: 0, id, person, name, text, at, failed: '' });
    return true;
  }

  fail(id: string, why: string): void {
    this.unsent = this.unsent.map((one) => (one.id === id ? { ...one, failed: why } : one));
  }
}
