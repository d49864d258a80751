// Who is there: the list of them, and what a host does about each.

import { all, copy, find, need, text } from './dom.ts';
import type { Id, Person, Role } from './frames.ts';
import type { Say } from './words.ts';

/** What a host does about somebody; a role is given. */
export type Act = 'mute' | 'stop_video' | 'stop_screen' | 'remove' | 'admit' | 'refuse' | Role;

/** Which of these make sense now. */
export function acts(person: Person): Act[] {
  if (person.state === 'waiting') return ['admit', 'refuse'];
  const may: Act[] = [];
  if (person.microphone) may.push('mute');
  if (person.camera) may.push('stop_video');
  if (person.screen) may.push('stop_screen');
  for (const role of ['host', 'speaker', 'viewer'] as const) if (role !== person.role) may.push(role);
  return [...may, 'remove'];
}

/** In which order they stand: hands first, as they went up, then hosts, then by name. */
export function order(people: readonly Person[], hands: readonly Id[], language: string): Person[] {
  const names = new Intl.Collator(language);
  const hand = ({ person, hand }: Person) => (hand ? hands.indexOf(person) : hands.length);
  return [...people].sort(
    (a, b) => hand(a) - hand(b) || Number(b.role === 'host') - Number(a.role === 'host') || names.compare(a.name, b.name),
  );
}

export class People {
  private readonly rows = new Map<Id, HTMLElement>();
  private readonly list = need('[data-meet-people]');
  private readonly waiting = need('[data-meet-waiting-list]');
  private readonly room = need('[data-meet-waiting-people]');
  private readonly hands: Id[] = [];
  private readonly say: Say;
  private readonly language: string;
  private readonly act: (act: Act, person: Person) => void;

  constructor(say: Say, language: string, act: (act: Act, person: Person) => void) {
    this.say = say;
    this.language = language;
    this.act = act;
  }

  /** Shows them all, as they are now. */
  show(people: ReadonlyMap<Id, Person>, me: Id, host: boolean): void {
    const held = document.activeElement;
    const from = [...this.rows.values()].find((row) => row.contains(held));
    const waited = this.waiting.contains(held);
    for (const { person, hand } of people.values()) {
      const at = this.hands.indexOf(person);
      if (hand && at < 0) this.hands.push(person);
      else if (!hand && at >= 0) this.hands.splice(at, 1);
    }
    for (const [id, row] of this.rows) {
      if (people.has(id)) continue;
      row.remove();
      this.rows.delete(id);
      const at = this.hands.indexOf(id);
      if (at >= 0) this.hands.splice(at, 1);
    }
    const sorted = order([...people.values()], this.hands, this.language);
    for (const [list, state] of [[this.list, 'in'], [this.waiting, 'waiting']] as const) {
      const rows = sorted.filter((person) => person.state === state).map((person) => this.row(person, me, host));
      if (rows.some((row, at) => list.children[at] !== row) || rows.length !== list.children.length) {
        list.replaceChildren(...rows);
      }
    }
    this.room.hidden = !host || this.waiting.children.length === 0;
    const count = this.list.children.length;
    for (const one of all('[data-meet-count]')) text(one, this.say('people_count', { count }));
    for (const button of all('[data-meet-toggle="people"]')) {
      button.title = this.say('people_count', { count });
      button.dataset['meetNumber'] = String(count);
      button.toggleAttribute('data-meet-waits', !this.room.hidden);
    }
    // What is moved loses the focus. What is gone or makes no sense any more gives it to the row, not to a button that does something else; who
    // lets in one after the other goes on with the next.
    if (!from || !(held instanceof HTMLElement)) return;
    const seen = (one: HTMLElement) => one.isConnected && one.offsetParent !== null;
    if (document.activeElement === held && seen(held)) return;
    const place = waited ? find('li', this.waiting) : from;
    const next = seen(held) ? held : place && seen(place) ? place : find('h2', this.list.closest('aside') ?? document);
    next?.focus();
  }

  private row(person: Person, me: Id, host: boolean): HTMLElement {
    const { say } = this;
    let row = this.rows.get(person.person);
    if (!row) {
      row = copy('[data-meet-row]');
      row.tabIndex = -1;
      row.dataset['meetPerson'] = person.person;
      this.rows.set(person.person, row);
    }
    text(find('[data-meet-name]', row), person.name);
    const marks = [
      person.person === me && say('you'),
      person.role !== 'speaker' && say(`role_${person.role}`),
      person.state === 'in' && !person.here && say('mark_away'),
      person.hand && say('mark_hand'),
      person.screen && say('mark_shares'),
      person.state === 'in' && person.role !== 'viewer' && !person.microphone && say('mark_muted'),
    ];
    text(find('[data-meet-marks]', row), marks.filter(Boolean).join(' · '));
    row.toggleAttribute('data-meet-raised', person.hand);
    const mayAct = host && person.person !== me;
    need('[data-meet-host]', row).hidden = !mayAct;
    const sensible = acts(person);
    for (const button of all<HTMLButtonElement>('[data-meet-do]', row)) {
      const act = button.dataset['meetDo'] as Act;
      button.hidden = !sensible.includes(act);
      button.onclick = () => this.act(act, person);
      // Many rows have the same words: which one is meant is heard, too.
      const words = find('.word', button)?.textContent ?? button.textContent ?? '';
      button.setAttribute('aria-label', `${words.trim()}: ${person.name}`);
    }
    return row;
  }
}
