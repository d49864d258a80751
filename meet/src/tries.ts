// What every line and way that may be lost needs: timers that are called by a name, and the pauses before a fresh way. No DOM: the clock comes from
// outside.
//
// Guarantees: of each name there is one timer, the one that was set last; pauses grow up to a bound until a way is open. Must not: know what a
// way is made of, or end one.

import type { Listener } from './call.ts';

export interface Clock {
  later(run: () => void, ms: number): number;
  cancel(timer: number | undefined): void;
}

const SECOND = 1000;
/** How long a way may take to be given, and to open. */
const OPENS = 20 * SECOND;

export class Timers {
  private readonly clock: Clock;
  private readonly running: Record<string, number> = {};

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** In the place of the one that was called so before. */
  set(name: string, run: () => void, ms: number): void {
    this.cancel(name);
    this.running[name] = this.clock.later(run, ms);
  }

  cancel(name: string): void {
    this.clock.cancel(this.running[name]);
  }

  /** All of them. */
  clear(): void {
    for (const name in this.running) this.cancel(name);
  }
}

/** The tries at one way after another, and what is told of them. */
export class Tries {
  private readonly timers: Timers;
  private readonly listener: Pick<Listener, 'way' | 'shows'>;
  /** Whether one was open once. */
  private opened = false;
  private attempt = 0;

  constructor(timers: Timers, listener: Pick<Listener, 'way' | 'shows'>) {
    this.timers = timers;
    this.listener = listener;
  }

  /** From here on pauses are short again. */
  afresh(): void {
    this.attempt = 0;
  }

  /** A way begins: nothing of the one before is shown. */
  begins(): void {
    this.listener.way('connecting');
    this.listener.shows([]);
  }

  /** It is to be open in time. */
  wait(lost: () => void): void {
    this.timers.set('opens', lost, OPENS);
  }

  /** It is open. */
  opens(): void {
    this.timers.cancel('opens');
    this.opened = true;
    this.attempt = 0;
    this.listener.way('open');
  }

  /** It is lost: a fresh one, after a pause. */
  lost(open: () => void): void {
    this.listener.way(this.opened ? 'lost' : 'closed');
    this.listener.shows([]);
    this.timers.set('open', open, Math.min(15, 0.5 * 2 ** Math.min(this.attempt++, 5)) * SECOND);
  }
}
