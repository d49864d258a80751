// The list of messages: what was said, what is under way, who is writing. Every text is a text node; at most 500
// messages stay in the page. (A number that stands in one place is written there: a name for it would travel.)

import { h } from './elements.ts';
import type { Author, Citation, Message, Typing } from './frames.ts';
import { parts } from './links.ts';
import type { Delivery, Talk } from './socket.ts';

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
  /** Says who is writing, nothing when nobody is; or what may be seen of an answer, and that what was seen is taken back. */
  writing(who?: string, how?: Typing): void;
  /** Whether a person can be asked for, below what is no answer. */
  offer(yes: boolean): void;
  /** Takes away what was said, and leaves what is under way. */
  unsay(): void;
  /** What was said earlier is there: from now on a screen reader reads what comes. */
  ready(): void;
}

/** What happens here is told to the conversation, which is not there before the list is. */
type There = () => Talk;

export function messages(greeting: string, ask: (how: unknown) => void, there: There): Messages {
  const list = h('div');
  const typing = h('p', { class: 'typing', hidden: true, dir: 'auto' });
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
  const drop = (those: string) => {
    for (const one of list.querySelectorAll(those)) one.remove();
  };
  const grown = () => {
    if (atEnd) toEnd();
    else jump.hidden = false;
  };
  // The window is shown, the composer grows, the keyboard opens: who was at the end stays there.
  new ResizeObserver(() => atEnd && toEnd()).observe(log);
  log.addEventListener('scroll', () => {
    top = log.scrollTop;
    // So near to the end a reader wants to stay there.
    atEnd = log.scrollHeight - top - log.clientHeight < 60;
    if (atEnd) jump.hidden = true;
  });

  function draw(message: Message): HTMLElement {
    const { from, name, text, event, citations } = message;
    const open = message.outcome === 'passages';
    if (from === 'system') return h('p', { class: `message system ${event}` }, text);
    const who = { contact: 'You', agent: name ?? 'A person', assistant: name ?? 'Assistant' }[from];
    const node = frame(from, who, text, citations, open);
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
    return node;
  }

  return {
    element,
    log,
    shown() {
      log.scrollTop = atEnd ? log.scrollHeight : top;
    },
    ready: () => (log.ariaBusy = 'false'),
    add(message) {
      const id = message.client_id ?? '';
      const before = message.from === 'contact' && pending.get(id);
      const node = before || draw(message);
      // When it was said, where the reader is: the hour, and the day unless it is today.
      const said = new Date(message.created_at);
      const dateStyle = said.toDateString() === new Date().toDateString() ? undefined : 'medium';
      node.append(h('time', { datetime: message.created_at }, said.toLocaleString([], { timeStyle: 'short', dateStyle })));
      node.dataset['seq'] = message.seq as unknown as string;
      pending.delete(id);
      // A node that stands right is not moved: a screen reader would read it again.
      const [next = null] = pending.values();
      if (!node.parentNode || node.nextSibling !== next) list.insertBefore(node, next);
      node.classList.toggle('again', (node.previousSibling as HTMLElement | null)?.dataset['who'] === node.dataset['who']);
      while (list.children[500]) (list.firstChild as ChildNode).remove();
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
      if (delivery === 'sent') drop('[data-state=sent] .state');
      const state = h('p', { class: 'state' }, { sending: 'Sending…', sent: 'Sent', failed: 'Not sent.' }[delivery], ` ${why} `);
      if (delivery === 'failed') state.append(h('button', { onclick: () => there().retry(id) }, 'Try again'));
      node.append(state);
      grown();
    },
    writing(who, how) {
      // What was seen stays where it was; nobody has heard it.
      if (how?.withdrawn && typing.ariaLive)
        list.append(h('p', { class: 'message system' }, h('s', { ariaHidden: true }, typing.textContent as string), ' Taken back.'));
      typing.hidden = !who;
      if (!who) return;
      // It is read once, when it is an answer.
      typing.ariaLive = how?.text ? 'off' : null;
      typing.textContent = how?.text || who;
      if (atEnd) toEnd();
    },
    offer(yes) {
      offered = yes;
      for (const button of list.querySelectorAll<HTMLButtonElement>('div>.ask')) button.disabled = !yes;
    },
    unsay() {
      // What is under way has no number.
      drop('[data-seq],.system');
    },
  };
}

/** What somebody has said, and who; and its sources. What of it stands in one is underlined, and leads there. */
function frame(from: Author, who: string, text: string, citations: readonly Citation[] = [], open = false): HTMLElement {
  const sources = citations.map(({ title, quote }, at) => {
    const number = citations.length > 1 ? ` ${at + 1}` : '';
    return h('details', { open }, h('summary', {}, h('bdi', {}, `Source${number}: ${title}`)), h('blockquote', WRITTEN, quote));
  });
  const words = parts(
    text,
    citations,
    // What the link says is what it leads to; anything unusual stays text.
    (href) => h('a', { href, target: '_blank', rel: 'noreferrer' }, href),
    (said, at) => {
      const source = sources[at] as HTMLDetailsElement;
      const summary = source.firstChild as HTMLElement;
      return said && h('u', {
        title: summary.textContent as string,
        onclick() {
          source.open = true;
          // Which brings it into sight.
          summary.focus();
        },
      }, said);
    },
  );
  return h(
    'div',
    { class: `message ${from}`, 'data-who': who },
    h('p', { class: 'who' }, h('bdi', {}, who)),
    h('p', { class: 'text', ...WRITTEN }, ...words),
    ...sources,
  );
}
