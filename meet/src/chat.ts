// What people write to each other in a meeting, beside the pictures.

import { pieces } from '../../widget/src/links.ts';
import { all, copy, find, need, text } from './dom.ts';
import type { Id, Message } from './frames.ts';
import { type Entry, Log } from './log.ts';
import type { Say } from './words.ts';

export interface Hooks {
  /** Sends it; false where there is no line now. */
  send(id: string, text: string): boolean;
  /** Something was written that nobody sees, since the chat is closed. */
  heard(name: string): void;
  failed(key: string): void;
}

export class Chat {
  private readonly said = new Log();
  private readonly shown = new Map<string, HTMLElement>();
  private readonly list = need('[data-meet-messages]');
  /** What scrolls. */
  private readonly log = find('[data-meet-log]') ?? this.list;
  private readonly form = need<HTMLFormElement>('form[data-meet-say]');
  private readonly field = need<HTMLTextAreaElement>('textarea', this.form);
  private unread = 0;
  private open = false;
  private me: Id = '';
  private name = '';
  private readonly say: Say;
  private readonly most: number;
  private readonly hooks: Hooks;
  private readonly clock: Intl.DateTimeFormat;

  constructor(say: Say, most: number, language: string, hooks: Hooks) {
    this.say = say;
    this.most = most;
    this.hooks = hooks;
    this.clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.write();
    });
    this.field.addEventListener('keydown', (event) => {
      // Enter that ends a word of an input method is none that sends.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write();
    });
  }

  /** Who one is, what was said before, and what has not gone out yet goes out. */
  begin(me: Id, name: string, messages: readonly Message[]): void {
    const again = this.me !== '';
    this.me = me;
    this.name = name;
    for (const message of messages) {
      const fresh = this.said.add(message);
      // It came while the line was cut.
      if (fresh && again && !this.open && message.person !== me) this.unread++;
    }
    this.draw();
    for (const { id, text } of this.said.waiting) this.hooks.send(id, text);
  }

  hear(message: Message): void {
    const fresh = this.said.add(message);
    if (fresh && !this.open && message.person !== this.me) {
      this.unread++;
      this.hooks.heard(message.name);
    }
    this.draw();
  }

  /** The server has not taken a message. */
  refused(id: string, why: string): void {
    this.said.fail(id, why || this.say('message_failed'));
    this.draw();
  }

  /** It is opened or closed. */
  turn(open: boolean): void {
    this.open = open;
    if (open) {
      this.unread = 0;
      this.log.scrollTop = this.log.scrollHeight;
      this.field.focus();
    }
    this.count();
  }

  private write(): void {
    const words = this.field.value.trim().toWellFormed();
    if (words === '') return;
    if ([...words].length > this.most) return this.hooks.failed('message_long');
    const id = crypto.randomUUID();
    if (!this.said.write(id, this.me, this.name, words, new Date().toISOString())) return this.hooks.failed('slow_down');
    this.field.value = '';
    this.draw();
    this.log.scrollTop = this.log.scrollHeight;
    this.hooks.send(id, words);
  }

  private draw(): void {
    const { list, log } = this;
    const low = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const entries = this.said.entries;
    const there = new Set(entries.map(({ id }) => id));
    for (const [id, line] of this.shown) {
      if (there.has(id)) continue;
      line.remove();
      this.shown.delete(id);
    }
    let before: Element | null = null;
    for (const entry of entries) {
      const line = this.line(entry);
      const next: Element | null = before ? before.nextElementSibling : list.firstElementChild;
      if (next !== line) list.insertBefore(line, next);
      before = line;
    }
    if (low) log.scrollTop = log.scrollHeight;
    this.count();
  }

  private line(entry: Entry): HTMLElement {
    let line = this.shown.get(entry.id);
    if (!line) {
      line = copy('[data-meet-message]');
      this.shown.set(entry.id, line);
      line.toggleAttribute('data-meet-mine', entry.person === this.me);
      text(find('[data-meet-who]', line), entry.person === this.me ? this.say('you') : entry.name);
      const time = find<HTMLTimeElement>('time', line);
      if (time) {
        time.dateTime = entry.at;
        text(time, this.clock.format(new Date(entry.at)));
      }
      pieces(entry.text).forEach((piece, at) => find('[data-meet-text]', line)?.append(at % 2 ? link(piece) : piece));
    }
    line.toggleAttribute('data-meet-unsent', entry.seq === 0 && entry.failed === '');
    if (entry.failed !== '' && !line.hasAttribute('data-meet-failed')) {
      line.setAttribute('data-meet-failed', '');
      const why = document.createElement('p');
      why.append(entry.failed);
      line.append(why);
    }
    return line;
  }

  private count(): void {
    for (const button of all('[data-meet-toggle="chat"]')) {
      if (this.unread > 0) {
        button.dataset['meetNumber'] = String(Math.min(this.unread, 99));
        button.title = this.say('unread', { count: this.unread });
      } else {
        delete button.dataset['meetNumber'];
        button.title = '';
      }
    }
  }
}

function link(address: string): HTMLElement {
  const made = document.createElement('a');
  made.href = address;
  made.rel = 'noopener noreferrer nofollow';
  made.target = '_blank';
  made.append(address);
  return made;
}
