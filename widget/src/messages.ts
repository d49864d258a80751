// The list of messages: what was said, what is under way, who is writing. Every text is a text node; at most `SHOWN`
// messages stay in the page.

import { h } from './elements.ts';
import type { Message } from './frames.ts';
import { pieces } from './links.ts';
import type { Delivery } from './socket.ts';

const SHOWN = 500;
/** Pixels from the end within which a reader wants to stay at the end. */
const NEAR = 60;
/** For what people have written: its direction shows in its words, its language is taken to be the page's. */
const WRITTEN = { dir: 'auto', lang: document.documentElement.lang };

export interface Messages {
  readonly element: HTMLElement;
  /** What scrolls. */
  readonly log: HTMLElement;
  /** Goes back to what was read, which a window that was away has lost. */
  shown(): void;
  add(message: Message): void;
  outgoing(id: string, text: string, delivery: Delivery, why: string): void;
  /** Says who is writing; nothing when nobody is. */
  writing(who?: string): void;
  /** Whether a person can be asked for, below answers that found nothing. */
  offer(yes: boolean): void;
  /** Takes away what was said, and leaves what is under way. */
  clear(): void;
  /** What was said earlier is there: from now on a screen reader reads what comes. */
  ready(): void;
}

export function messages(greeting: string, ask: () => void, retry: (id: string) => void): Messages {
  const list = h('div');
  const typing = h('p', { class: 'typing', hidden: true });
  const jump = h('button', { class: 'jump', hidden: true, onclick: () => (toEnd(), log.focus()) }, 'New messages');
  const log = h(
    'div',
    { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages', 'aria-busy': 'true', tabIndex: 0 },
    h('p', {}, greeting),
    list,
    typing,
  );
  const element = h('div', { class: 'messages' }, log, jump);
  /** Messages of ours that have no number yet, by `client_id`, in the order of writing; they stand at the end. */
  const pending = new Map<string, HTMLElement>();
  let atEnd = true;
  let top = 0;
  let offered = true;

  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
    jump.hidden = true;
  };
  const grown = () => {
    if (atEnd) toEnd();
    else jump.hidden = false;
  };
  // The window is shown, the composer grows, the keyboard opens: who was at the end stays there.
  new ResizeObserver(() => atEnd && toEnd()).observe(log);
  log.addEventListener('scroll', () => {
    top = log.scrollTop;
    atEnd = log.scrollHeight - top - log.clientHeight < NEAR;
    if (atEnd) jump.hidden = true;
  });

  return {
    element,
    log,
    shown() {
      if (atEnd) toEnd();
      else log.scrollTop = top;
    },
    ready: () => log.setAttribute('aria-busy', 'false'),
    add(message) {
      const id = message.client_id ?? '';
      const own = message.from === 'contact';
      const before = (own && pending.get(id)) || undefined;
      const node = before ?? draw(message, ask, !offered);
      if (before) before.append(when(message));
      node.dataset['seq'] = `${message.seq}`;
      pending.delete(id);
      // A node that stands right is not moved: a screen reader would read it again.
      const next = pending.values().next().value ?? null;
      if (!node.parentNode || node.nextSibling !== next) list.insertBefore(node, next);
      node.classList.toggle('again', (node.previousSibling as HTMLElement | null)?.dataset['who'] === node.dataset['who']);
      while (list.childElementCount > SHOWN) list.firstChild?.remove();
      grown();
    },
    outgoing(id, text, delivery, why) {
      let node = pending.get(id);
      if (!node) {
        if (delivery === 'sent') return;
        node = h('div', { class: 'message contact', 'data-who': 'You' }, h('p', { class: 'who' }, 'You'), words(text));
        pending.set(id, node);
        list.append(node);
        atEnd = true;
      }
      node.dataset['state'] = delivery;
      node.querySelector('.state')?.remove();
      if (delivery === 'sent') for (const old of list.querySelectorAll('[data-state=sent] .state')) old.remove();
      const state = h('p', { class: 'state' }, { sending: 'Sending…', sent: 'Sent', failed: 'Not sent.' }[delivery], ` ${why} `);
      if (delivery === 'failed') state.append(h('button', { onclick: () => retry(id) }, 'Try again'));
      node.append(state);
      grown();
    },
    writing(who) {
      typing.hidden = !who;
      typing.textContent = who ?? '';
      if (who && atEnd) toEnd();
    },
    offer(yes) {
      offered = yes;
      for (const button of list.querySelectorAll<HTMLButtonElement>('.ask')) button.disabled = !yes;
    },
    clear() {
      const kept = new Set<Node>(pending.values());
      for (const node of [...list.childNodes]) if (!kept.has(node)) node.remove();
    },
  };
}

function draw(message: Message, ask: () => void, disabled: boolean): HTMLElement {
  const { from, name, text, event, citations } = message;
  if (from === 'system') return h('p', { class: 'message system', 'data-event': event ?? '' }, text, when(message));
  const who = from === 'contact' ? 'You' : from === 'agent' ? (name ?? 'A person') : 'Assistant';
  const node = h(
    'div',
    { class: `message ${from}`, 'data-who': who },
    h('p', { class: 'who' }, h('bdi', {}, who)),
    words(text),
  );
  citations.forEach(({ title, quote }, at) => {
    const label = citations.length > 1 ? `Source ${at + 1}: ${title}` : `Source: ${title}`;
    node.append(h('details', {}, h('summary', {}, h('bdi', {}, label)), h('blockquote', WRITTEN, quote)));
  });
  if (message.refused) node.append(h('button', { class: 'ask', disabled, onclick: ask }, 'Ask a person'));
  node.append(when(message));
  return node;
}

/** When it was said, where the reader is: the hour, and the day unless it is today. */
function when({ created_at }: Message): HTMLElement {
  const at = new Date(created_at);
  const timeStyle = 'short';
  const today = at.toDateString() === new Date().toDateString();
  const text = at.toLocaleString([], today ? { timeStyle } : { timeStyle, dateStyle: 'medium' });
  return h('time', { datetime: created_at }, text);
}

/** A text with its addresses as links. What the link says is what it leads to; anything unusual stays text. */
function words(text: string): HTMLElement {
  const link = (href: string) => h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, href);
  return h('p', { class: 'text', ...WRITTEN }, ...pieces(text).map((piece, at) => (at % 2 ? link(piece) : piece)));
}
