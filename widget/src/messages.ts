// The list of messages: what was said, what is under way, who is writing. Every text is a text node; at most `SHOWN`
// messages stay in the page.

import { h } from './elements.ts';
import type { Author, Message } from './frames.ts';
import { pieces } from './links.ts';
import type { Delivery, Talk } from './socket.ts';

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
  /** Whether a person can be asked for, below what is no answer. */
  offer(yes: boolean): void;
  /** Takes away what was said, and leaves what is under way. */
  unsay(): void;
  /** What was said earlier is there: from now on a screen reader reads what comes. */
  ready(): void;
}

/** What happens here is told to the conversation, which is not there before the list is. */
type There = () => Talk;

export function messages(greeting: string, ask: () => void, there: There): Messages {
  const list = h('div');
  const typing = h('p', { class: 'typing', hidden: true });
  const jump = h('button', { class: 'jump', hidden: true, onclick: () => (toEnd(), log.focus()) }, 'New messages');
  const log = h(
    'div',
    { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages', ariaBusy: true, tabIndex: 0 },
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

  function draw(message: Message): HTMLElement {
    const { from, name, text, event, citations } = message;
    const open = message.outcome === 'passages';
    if (from === 'system') return h('p', { class: 'message system', 'data-event': event ?? '' }, text, when(message));
    const who = from === 'contact' ? 'You' : from === 'agent' ? (name ?? 'A person') : 'Assistant';
    const node = frame(from, who, text);
    citations.forEach(({ title, quote }, at) => {
      const number = citations.length > 1 ? ` ${at + 1}` : '';
      node.append(h('details', { open }, h('summary', {}, h('bdi', {}, `Source${number}: ${title}`)), h('blockquote', WRITTEN, quote)));
    });
    if (open) {
      const verdict = (answers: boolean, label: string) =>
        h('button', {
          class: 'ask',
          onclick() {
            there().judge(message.seq, answers);
            // What is below stays in its place: a second tap must not reach it.
            verdicts.style.minHeight = `${verdicts.offsetHeight}px`;
            verdicts.textContent = answers || !offered ? 'Thank you.' : 'Thank you. A person can help.';
            verdicts.focus();
          },
        }, label);
      const verdicts: HTMLElement = h('p', { tabIndex: -1 }, verdict(true, 'This answers it'), ' ', verdict(false, 'It does not'));
      node.append(verdicts);
    }
    if (open || message.refused) node.append(h('button', { class: 'ask', disabled: !offered, onclick: ask }, 'Ask a person'));
    node.append(when(message));
    return node;
  }

  return {
    element,
    log,
    shown() {
      if (atEnd) toEnd();
      else log.scrollTop = top;
    },
    ready: () => (log.ariaBusy = 'false'),
    add(message) {
      const id = message.client_id ?? '';
      const before = message.from === 'contact' && pending.get(id);
      const node = before || draw(message);
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
        node = frame('contact', 'You', text);
        pending.set(id, node);
        list.append(node);
        atEnd = true;
      }
      node.dataset['state'] = delivery;
      node.querySelector('.state')?.remove();
      if (delivery === 'sent') for (const old of list.querySelectorAll('[data-state=sent] .state')) old.remove();
      const state = h('p', { class: 'state' }, { sending: 'Sending…', sent: 'Sent', failed: 'Not sent.' }[delivery], ` ${why} `);
      if (delivery === 'failed') state.append(h('button', { onclick: () => there().retry(id) }, 'Try again'));
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
      for (const button of list.querySelectorAll<HTMLButtonElement>('div>.ask')) button.disabled = !yes;
    },
    unsay() {
      // What is under way has no number.
      for (const said of list.querySelectorAll('[data-seq]')) said.remove();
    },
  };
}

/** What somebody has said, and who. */
function frame(from: Author, who: string, text: string): HTMLElement {
  return h('div', { class: `message ${from}`, 'data-who': who }, h('p', { class: 'who' }, h('bdi', {}, who)), words(text));
}

/** When it was said, where the reader is: the hour, and the day unless it is today. */
function when({ created_at }: Message): HTMLElement {
  const at = new Date(created_at);
  const dateStyle = at.toDateString() === new Date().toDateString() ? undefined : 'medium';
  const text = at.toLocaleString([], { timeStyle: 'short', dateStyle });
  return h('time', { datetime: created_at }, text);
}

/** A text with its addresses as links. What the link says is what it leads to; anything unusual stays text. */
function words(text: string): HTMLElement {
  const link = (href: string) => h('a', { href, target: '_blank', rel: 'noreferrer' }, href);
  return h('p', { class: 'text', ...WRITTEN }, ...pieces(text).map((piece, at) => (at % 2 ? link(piece) : piece)));
}
