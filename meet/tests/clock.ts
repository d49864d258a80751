// A clock that moves when told.

export class Clock {
  time = 0;
  private timers = new Map<number, { at: number; run: () => void }>();
  private count = 0;

  now = (): number => this.time;

  later = (run: () => void, ms: number): number => {
    this.timers.set(++this.count, { at: this.time + ms, run });
    return this.count;
  };

  cancel = (timer: number | undefined): void => void this.timers.delete(timer ?? 0);

  get waiting(): number {
    return this.timers.size;
  }

  /** When the next timer is due, in milliseconds from now. */
  get next(): number {
    return Math.min(...[...this.timers.values()].map(({ at }) => at)) - this.time;
  }

  /** Moves on and runs what is due, in order. */
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

  /** Sleeps so long, and runs what is due by then, late and in order, but for what is cancelled meanwhile. */
  sleep(ms: number): void {
    this.time += ms;
    const due = [...this.timers].filter(([, { at }]) => at <= this.time).sort(([, a], [, b]) => a.at - b.at);
    for (const [timer, { run }] of due) if (this.timers.delete(timer)) run();
  }
}

/** Lets what was promised come true. */
export const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
