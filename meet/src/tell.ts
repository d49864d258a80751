// What the page says: notices that pass (who came, who raised a hand), read out politely, and faults that stand until they are mended or put away.

import { find, text } from './dom.ts';

/** How long a notice stands, and how long at least where others wait. */
const STANDS = 6000;
const AT_LEAST = 1500;
/** When many come at once, the latest are told. */
const MOST = 4;

/** What one may do about a notice: a button with that word, which is heard with more. */
export interface Does {
  readonly word: string;
  readonly label: string;
  run(): void;
}

export class Tell {
  private readonly waiting: (readonly [words: string, does: Does | undefined])[] = [];
  private readonly faults = new Map<string, string>();
  /** Kinds that were put away: they stand again once they are others, or come anew. */
  private readonly away = new Set<string>();
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

  notice(words: string, does?: Does): void {
    if (words === '') return;
    this.waiting.push([words, does]);
    if (this.waiting.length > MOST) this.waiting.shift();
    if (this.waiting.length === 1) this.next();
  }

  /** Says a fault of this kind, or that there is none any more. */
  fault(kind: string, words: string): void {
    if ((this.faults.get(kind) ?? '') === words) return;
    this.faults.delete(kind);
    this.away.delete(kind);
    if (words !== '') this.faults.set(kind, words);
    this.stand();
  }

  /** Who has read them puts them away. */
  hush(): void {
    for (const kind of this.faults.keys()) this.away.add(kind);
    this.stand();
  }

  clear(): void {
    this.faults.clear();
    this.stand();
    clearTimeout(this.timer);
    this.waiting.length = 0;
    text(this.place, '');
    this.show();
  }

  private stand(): void {
    // The latest first: it is what one has to look at.
    const shown = [...this.faults].filter(([kind]) => !this.away.has(kind));
    text(this.alerts, shown.map(([, words]) => words).reverse().join(' '));
  }

  private next(): void {
    clearTimeout(this.timer);
    const shown = this.since > 0 ? AT_LEAST - (performance.now() - this.since) : 0;
    this.timer = setTimeout(() => this.show(), Math.max(0, shown)) as unknown as number;
  }

  private show(): void {
    // No button goes from under a finger.
    if (find('button:is(:hover, :focus)', this.place)) {
      this.timer = setTimeout(() => this.show(), AT_LEAST) as unknown as number;
      return;
    }
    const [words = '', does] = this.waiting.shift() ?? [];
    text(this.place, words);
    if (does) this.place.append(this.button(does));
    this.since = words ? performance.now() : 0;
    if (this.waiting.length > 0) this.next();
    else if (words) this.timer = setTimeout(() => this.show(), STANDS) as unknown as number;
  }

  private button({ word, label, run }: Does): HTMLElement {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = 'button button--small button--primary';
    made.append(word);
    made.setAttribute('aria-label', label);
    made.onclick = () => {
      made.remove();
      clearTimeout(this.timer);
      this.show();
      run();
    };
    return made;
  }
}
