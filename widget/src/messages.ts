// The list of messages: what was said, what is under way, who is writing. Every text is a text node; at most `SHOWN`
// messages stay in the page.

import { h } from './elements.ts';
import type { Message } from './frames.ts';
import type { Delivery } from './socket.ts';

const SHOWN = 500;
/** Pixels from the end within which a reader wants to stay at the end. */
const NEAR = 60;
/** For what people have written: its direction shows in its words, its language is taken to be the page's. */
const WRITTEN = { dir: 'auto', lang: document.documentElement.lang };

export interface Messages {
  readonly element: HTMLElement;
  add(message: Message): void;
  outgoing(id: string, text: string, delivery: Delivery): void;
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
  const list = h('div', { class: 'list' });
  const typing = h('p', { class: 'typing', hidden: true });
  const jump = h('button', { class: 'jump', type: 'button', hidden: true }, 'New messages');
  const log = h(
    'div',
    { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages', 'aria-busy': 'true', tabindex: 0 },
    h('p', { class: 'greeting' }, greeting),
    list,
    typing,
  );
  const element = h('div', { class: 'messages' }, log, jump);
  /** Messages of ours that have no number yet, by `client_id`, in the order of writing; they stand at the end. */
  const pending = new Map<string, HTMLElement>();
  let atEnd = true;
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
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (atEnd) jump.hidden = true;
  });
  jump.addEventListener('click', () => {
    toEnd();
    log.focus();
  });

  return {
    element,
    ready: () => log.setAttribute('aria-busy', 'false'),
    add(message) {
      const id = message.client_id ?? '';
      const own = message.from === 'contact';
      const before = (own && pending.get(id)) || undefined;
      const node = before ?? draw(message, ask, !offered);
      node.dataset['seq'] = `${message.seq}`;
      pending.delete(id);
      // A node that stands right is not moved: a screen reader would read it again.
      const next = pending.values().next().value ?? null;
      if (!node.parentNode || node.nextSibling !== next) list.insertBefore(node, next);
      node.classList.toggle('again', (node.previousSibling as HTMLElement | null)?.dataset['who'] === node.dataset['who']);
      while (list.childElementCount > SHOWN) list.firstChild?.remove();
      grown();
    },
    outgoing(id, text, delivery) {
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
      const state = h('p', { class: 'state' }, { sending: 'Sending…', sent: 'Sent', failed: 'Not sent. ' }[delivery]);
      if (delivery === 'failed') {
        const button = h('button', { type: 'button' }, 'Try again');
        button.addEventListener('click', () => retry(id));
        state.append(button);
      }
      node.append(state);
      grown();
    },
    writing(who) {
      typing.hidden = !who;
      typing.replaceChildren(...(who ? [h('span', { class: 'dots', 'aria-hidden': 'true' }), who] : []));
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
  const { from, name, text, event } = message;
  const time = new Date(message.created_at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  if (from === 'system') return h('p', { class: 'message system', 'data-event': event ?? '', title: time }, text);
  const who = from === 'contact' ? 'You' : from === 'agent' ? (name ?? 'A person') : 'Assistant';
  const node = h(
    'div',
    { class: `message ${from}`, 'data-who': who, title: time },
    h('p', { class: 'who' }, h('bdi', {}, who)),
    words(text),
  );
  const { citations } = message;
  citations.forEach(({ title, quote }, at) => {
    const label = citations.length > 1 ? `Source ${at + 1}: ${title}` : `Source: ${title}`;
    node.append(h('details', {}, h('summary', {}, h('bdi', {}, label)), h('blockquote', WRITTEN, quote)));
  });
  if (message.refused) {
    const button = h('button', { class: 'ask', type: 'button', disabled }, 'Ask a person');
    button.addEventListener('click', ask);
    node.append(button);
  }
  return node;
}

/** A text with its addresses as links. What the link says is what it leads to; anything unusual stays text. */
function words(text: string): HTMLElement {
  const node = h('p', { class: 'text', ...WRITTEN });
  let at = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[a-z\d][a-z\d.-]*(?::\d+)?(?:[/?#][\w\-.~:/?#[\]@!$&'()*+,;=%]*)?/gi)) {
    const address = found[0].replace(/[.,;:!?'")\]*]+$/, '');
    // A name and a password before the host.
    if (/^[^\s/?#]*@/.test(text.slice(found.index + found[0].length))) continue;
    node.append(
      text.slice(at, found.index),
      h('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, address),
    );
    at = found.index + address.length;
  }
  node.append(text.slice(at));
  return node;
}
