// The window: header, messages, composer, and how they follow the conversation. Loaded by `widget.ts` at the first
// opening. It goes into the loader's shadow root, and touches nothing of the page.

import { h, icon, style } from './elements.ts';
import { messages } from './messages.ts';
import { type Keep, talk, type Wire } from './socket.ts';

/** What the loader gives. Part of `v1`: a loader that a browser has kept may meet a newer window. */
export interface Place {
  readonly root: ShadowRoot;
  /** Where the window goes. */
  readonly section: HTMLElement;
  /** Of the server, `https://host`. */
  readonly origin: string;
  readonly widget: string;
  readonly title: string;
  close(): void;
  /** How many messages came while the window was closed. */
  unread(count: number): void;
}

export interface Chat {
  show(): void;
  hide(): void;
  destroy(): void;
}

const LONGEST = 4000;
const COUNTED = 3500;
const SECOND = 1000;

export function mount(place: Place): Chat {
  const { root, section, title } = place;
  style(root, CHAT_CSS);
  const gone = new AbortController();
  const { signal } = gone;

  // ── What is there ───────────────────────────────────────────────────────────────────────────────────────────────
  const button = (label: string, drawing: string, className: string, type = 'button') =>
    h('button', { type, class: className, 'aria-label': label }, icon(drawing));
  const close = button('Close', 'M6 6l12 12M18 6L6 18', 'close');
  const note = h('p', { class: 'note' });
  const person = h('button', { type: 'button', class: 'person' }, 'Talk to a person');
  const banner = h('p', { class: 'banner', role: 'status' });
  const list = messages(
    'Ask a question. The answer comes from our documents, and a person can join.',
    ask,
    (id) => conversation.retry(id),
  );
  const text = h('textarea', {
    rows: 1,
    maxlength: LONGEST,
    placeholder: 'Your message',
    'aria-label': 'Your message',
    'aria-describedby': 'count',
    enterkeyhint: 'send',
    dir: 'auto',
  });
  const count = h('p', { class: 'count', id: 'count' });
  const send = button('Send', 'M12 19V5M6 11l6-6 6 6', 'send', 'submit');
  const form = h('form', {}, text, send, count);
  const panel = h(
    'div',
    { class: 'window', id: 'window', role: 'dialog', 'aria-label': title, hidden: true },
    h('header', {}, h('h2', {}, title), person, close, banner, note),
    list.element,
    form,
  );
  section.append(panel);

  // ── What is going on ────────────────────────────────────────────────────────────────────────────────────────────
  let shown = false;
  let unread = 0;
  /** False while what was said earlier comes in. */
  let fresh = false;
  /** Who answers, as far as the messages tell: `asked` is a wish that the server has not confirmed. */
  let handler: 'assistant' | 'asked' | 'waiting' | 'person' = 'assistant';
  let name = '';
  let begun = false;
  let writing = 0;
  let quiet = 0;
  let cut = 0;

  function say(status: string, ms = 0): void {
    clearTimeout(quiet);
    quiet = setTimeout(() => (banner.textContent = status), ms);
  }

  function attend(now: typeof handler): void {
    handler = now;
    person.hidden = now !== 'assistant';
    list.offer(now === 'assistant');
    note.textContent = {
      assistant: 'You are talking to an assistant',
      asked: begun ? 'Asking for a person…' : 'Write a message, and a person will answer',
      waiting: 'A person has been asked to join',
      person: `You are talking to ${name}`,
    }[now];
  }

  function write(who?: string, ms = 6 * SECOND): void {
    clearTimeout(writing);
    list.writing(who);
    if (who) writing = setTimeout(write, ms);
  }

  function ask(): void {
    text.focus();
    attend('asked');
    conversation.handoff();
  }

  const conversation = talk(
    place.widget,
    {
      dial: () => new WebSocket(`${place.origin.replace('http', 'ws')}/ws`) as Wire,
      now: Date.now,
      later: (run, ms) => setTimeout(run, ms),
      cancel: (timer) => clearTimeout(timer),
      random: Math.random,
      keep: storage(),
    },
    {
      status(status) {
        if (status === 'live') cut = 0;
        if (status === 'waiting') cut++;
        // The first moments are nobody's worry.
        if (status === 'live') say('');
        else if (status === 'refused') say('This chat is not available just now.');
        else if (cut > 1 || !navigator.onLine) say('No connection. Messages are sent when it is back.');
        else say('Connecting…', SECOND);
      },
      message(message) {
        const { from, event } = message;
        begun = true;
        list.add(message);
        if (event === 'handed_off') attend('waiting');
        else if (event === 'handed_back' || event === 'resolved') attend('assistant');
        else if (event || from === 'agent') {
          name = message.name ?? 'a person';
          attend('person');
        } else if (handler === 'asked') attend('asked');
        if (from !== 'contact') write();
        else if (fresh && handler === 'assistant') write('Looking for an answer…', 60 * SECOND);
        if (fresh && !shown && from !== 'contact') place.unread(++unread);
      },
      outgoing: list.outgoing,
      typing(from, who) {
        if (from === 'agent') write(`${who ?? 'Somebody'} is writing…`);
        else write('Looking for an answer…', 60 * SECOND);
      },
      caughtUp() {
        fresh = true;
        list.ready();
      },
      reset() {
        list.clear();
        begun = fresh = false;
        write();
        if (handler !== 'asked') attend('assistant');
      },
      handoffFailed() {
        attend('assistant');
        say('A person could not be asked. Try again in a moment.');
        setTimeout(say, 8 * SECOND, '');
      },
    },
  );
  attend(handler);

  // ── What the visitor does ───────────────────────────────────────────────────────────────────────────────────────
  function grow(): void {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight + 2}px`;
    const length = text.value.length;
    count.textContent = length > COUNTED ? `${length} of ${LONGEST}` : '';
    send.disabled = !text.value.trim();
  }

  text.addEventListener('input', () => {
    grow();
    if (text.value) conversation.typing();
  });
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words && conversation.send(words)) text.value = '';
    else if (words) say('Too many messages are waiting to be sent.');
    grow();
    text.focus();
  });
  person.addEventListener('click', ask);
  close.addEventListener('click', place.close);
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) place.close();
  });
  // The page's own keys ("press S to search") are not for what is written here.
  for (const type of ['keydown', 'keypress', 'keyup']) panel.addEventListener(type, (event) => event.stopPropagation());

  // ── What the browser does ───────────────────────────────────────────────────────────────────────────────────────
  const on = (target: EventTarget, type: string, run: () => void) => target.addEventListener(type, run, { signal });
  window.addEventListener(
    'storage',
    ({ key, newValue }) => key?.startsWith(`samtal:${place.widget}:`) && newValue === null && conversation.elsewhere(),
    { signal },
  );
  on(window, 'online', conversation.wake);
  on(document, 'visibilitychange', () => document.hidden || conversation.wake());
  // A page with an open socket is not kept for "back".
  on(window, 'pagehide', conversation.stop);
  on(window, 'pageshow', conversation.wake);
  const view = window.visualViewport;
  /** On a phone the window ends where the keyboard begins. */
  const fit = () => {
    if (!view || view.scale > 1.05) return;
    panel.style.setProperty('--height', `${view.height}px`);
    panel.style.setProperty('--top', `${view.offsetTop}px`);
  };
  if (view) {
    on(view, 'resize', fit);
    on(view, 'scroll', fit);
  }

  return {
    show() {
      shown = true;
      panel.hidden = false;
      place.unread((unread = 0));
      fit();
      grow();
      text.focus({ preventScroll: true });
      conversation.wake();
    },
    hide() {
      shown = false;
      panel.hidden = true;
    },
    destroy() {
      gone.abort();
      conversation.stop();
      panel.remove();
    },
  };
}

/** The page's local storage, or nothing where the browser forbids it. */
function storage(): Keep {
  const attempt = <T>(run: () => T, otherwise: T): T => {
    try {
      return run();
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => attempt(() => localStorage.getItem(key), null),
    set: (key, value) => attempt(() => localStorage.setItem(key, value), undefined),
    remove: (key) => attempt(() => localStorage.removeItem(key), undefined),
    keys: () => attempt(() => Object.keys(localStorage), []),
  };
}
