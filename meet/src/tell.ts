// What the page says: notices that pass (who came, who raised a hand), read out politely, and faults that stand until they are mended.

import { text } from './dom.ts';

/** How long a notice stands, and how long at least where others wait. */
const STANDS = 6000;
const AT_LEAST = 1500;
/** When many come at once, the latest are told. */
const MOST = 4;

export class Tell {
  private readonly waiting: string[] = [];
  private readonly faults = new Map<string, string>();
  private timer: number | undefined;
  private since = 0;
  private readonly place: HTMLElement;
  private readonly alerts: HTMLElement;

  constructor(place: HTMLElement, alerts: HTMLElement) {
    this.place = place;
    this.alerts = alerts;
    // They stand there always, empty: what is said in one that has just been shown is not read out everywhere.
    // (What the server left empty holds a space, and would be seen as a frame around nothing.)
    for (const one of [place, alerts]) if (one.textContent.trim() === '') text(one, '');
    place.hidden = alerts.hidden = false;
  }

  notice(words: string): void {
    if (words === '') return;
    this.waiting.push(words);
    if (this.waiting.length > MOST) this.waiting.shift();
    if (this.waiting.length === 1) this.next();
  }

  /** Says a fault of this kind, or that there is none any more. */
  fault(kind: string, words: string): void {
    if ((this.faults.get(kind) ?? '') === words) return;
    this.faults.delete(kind);
    if (words !== '') this.faults.set(kind, words);
    // The latest first: it is what one has to look at.
    text(this.alerts, [...this.faults.values()].reverse().join(' '));
  }

  clear(): void {
    this.faults.clear();
    text(this.alerts, '');
    clearTimeout(this.timer);
    this.waiting.length = 0;
    this.show();
  }

  private next(): void {
    clearTimeout(this.timer);
    const shown = this.since > 0 ? AT_LEAST - (performance.now() - this.since) : 0;
    this.timer = setTimeout(() => this.show(), Math.max(0, shown)) as unknown as number;
  }

  private show(): void {
    const words = this.waiting.shift();
    text(this.place, words ?? '');
    this.since = words === undefined ? 0 : performance.now();
    if (this.waiting.length > 0) this.next();
    else if (words !== undefined) this.timer = setTimeout(() => this.show(), STANDS) as unknown as number;
  }
}
