// The window: header, messages, composer, and how they follow the conversation. Loaded by `widget.ts` at the first
// opening, or when a visitor who is known comes to the page. It goes into the loader's shadow root. In the page it does one
// thing: while the window fills a small screen, what is behind it does not scroll.

import { h, keep, sheet } from './elements.ts';
import type { Typing } from './frames.ts';
import { messages } from './messages.ts';
import { talk, type Wire } from './socket.ts';

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
  /** How many messages came that nobody has seen. */
  unread(count: number): void;
}

export interface Chat {
  /** Opens the window, or brings it back to where it was before the page took it away. */
  show(focus?: boolean): void;
  hide(): void;
  destroy(): void;
}

export function mount(place: Place): Chat {
  const { root, section, title, widget } = place;
  root.adoptedStyleSheets.push(sheet(CHAT_CSS));
  const gone = new AbortController();
  const { signal } = gone;
  const DRAFT = `samtal.draft:${widget}`;
  const SEEN = `samtal.seen:${widget}`;

  // ── What is there ───────────────────────────────────────────────────────────────────────────────────────────────
  /** With a drawing, as the loader has made its own. */
  const button = (label: string, drawing: string, className: string, onclick: () => void) => {
    const svg = section.querySelector('svg')?.cloneNode(true) as SVGElement;
    (svg.firstChild as Element).setAttribute('d', drawing);
    return h('button', { class: className, 'aria-label': label, onclick }, svg);
  };
  /** With whom one talks; what is wrong with the connection stands in its place, so nothing moves. */
  const note = h('p', { class: 'note', role: 'status' });
  const person = h('button', { class: 'person', onclick: ask }, 'Ask a person');
  const call = h('button', { class: 'person', hidden: true, onclick: () => ask('call') }, 'Call');
  const list = messages(
    'Ask a question. The answer comes from our documents, and a person can join.',
    ask,
    () => conversation,
  );
  const text = h('textarea', {
    rows: 1,
    placeholder: 'Your message',
    'aria-label': 'Your message',
    'aria-describedby': 'count',
    enterkeyhint: 'send',
    dir: 'auto',
    oninput: changed,
    onbeforeinput: despite,
    onpaste: despite,
    onkeydown(event: KeyboardEvent) {
      // (By its number, which is another one while an input method takes the key for itself.)
      if (event.keyCode !== 13 || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      say();
    },
  });
  function changed(): void {
    grow();
    keep('sessionStorage', DRAFT, text.value);
    if (text.value) conversation.typing();
  }
  /** What the page forbade before it was heard here is done all the same. */
  function despite(event: InputEvent & ClipboardEvent): void {
    if (!event.defaultPrevented) return;
    const { selectionStart: from, selectionEnd: to } = text;
    const words = event.clipboardData?.getData('text') ?? event.data ?? '';
    text.setRangeText(words, from && from === to && /^del/.test(event.inputType) ? from - 1 : from, to, 'end');
    changed();
  }
  const count = h('p', { class: 'count', id: 'count' });
  const send = button('Send', 'M12 19V5M6 11l6-6 6 6', 'send', say);
  const panel = h(
    'dialog',
    {
      class: 'window',
      'aria-label': title,
      oncancel: place.close,
      onkeydown(event: KeyboardEvent) {
        if (event.keyCode !== 27 || event.isComposing) return;
        // A dialog of the page's stays open.
        event.preventDefault();
        place.close();
      },
    },
    h('header', {}, h('h2', {}, title), h('div', {}, call, person), button('Close', 'M6 6l12 12M6 18L18 6', 'close', place.close), note),
    list.element,
    h('div', { class: 'composer' }, text, send, count),
  );
  section.append(panel);
  /** Takes over what is half written on the pages of this tab. */
  function draft(): void {
    const left = keep('sessionStorage', DRAFT);
    if (left === undefined) return;
    // (The browser makes texts of these by itself.)
    text.value = left as string;
    grow();
  }
  draft();

  // ── What is going on ────────────────────────────────────────────────────────────────────────────────────────────
  let shown = false;
  /** False while what was said earlier comes in. */
  let fresh = false;
  /** Where the last message was said, and its number; the numbers of those from others that nobody has seen. */
  let where = '';
  let last = 0;
  let news: number[] = [];
  /** Who answers, as far as the messages tell: `asked` is a wish that the server has not confirmed. */
  let handler: 'assistant' | 'asked' | 'waiting' | 'person' = 'assistant';
  let name = '';
  let begun = false;
  let writing = 0;
  let partner = '';
  let trouble = '';
  let quiet = 0;
  let cut = 0;

  function tell(status: string, ms = 0): void {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      trouble = status;
      draw();
    }, ms);
  }

  const draw = () => (note.textContent = trouble || partner);

  function attend(now: typeof handler): void {
    handler = now;
    person.hidden = now !== 'assistant';
    list.offer(now === 'assistant');
    partner = {
      assistant: 'You are talking to an assistant',
      asked: begun ? 'Asking for a person…' : 'Write a message, and a person will answer',
      waiting: 'A person has been asked to join',
      person: `You are talking to ${name}`,
    }[now];
    draw();
  }

  function write(who?: string, seconds = 6, how?: Typing): void {
    clearTimeout(writing);
    list.writing(who, how);
    if (who) writing = setTimeout(write, seconds * 1000);
  }

  function ask(how: unknown): void {
    text.focus();
    if (handler === 'assistant') attend('asked');
    conversation.handoff(how);
  }

  /** Counts what nobody has seen: here, on an earlier page or in another tab. */
  function recount(): void {
    if (!fresh) return;
    const kept = keep('localStorage', SEEN);
    const [at, seen] = kept?.split(' ') ?? [];
    // Of what was there before it was kept what is seen, nothing is new.
    if ((shown && !document.hidden) || kept === null) {
      if (last) keep('localStorage', SEEN, `${where} ${last}`);
      news = [];
    } else if (at === where) news = news.filter((seq) => seq > Number(seen));
    place.unread(news.length);
  }

  const conversation = talk(
    widget,
    {
      dial: () => new WebSocket(`${place.origin.replace('http', 'ws')}/ws`) as Wire,
      clock: Date.now,
      later: setTimeout,
      cancel: clearTimeout,
      chance: Math.random,
      keep: (key, value) => keep('localStorage', key, value),
      names() {
        try {
          return Object.keys(localStorage);
        } catch {
          return [];
        }
      },
    },
    {
      status(status, calls) {
        if (status === 'waiting') cut++;
        // The first moments are nobody's worry.
        if (status === 'live') {
          cut = 0;
          call.hidden = !calls;
          tell('');
        } else if (status === 'refused') tell('This chat is not available just now.');
        else if (cut > 1 || !navigator.onLine) tell('No connection. Messages are sent when it is back.');
        else tell('Connecting…', 1000);
      },
      said(message) {
        const { from, event } = message;
        begun = true;
        where = message.conversation_id;
        last = message.seq;
        list.add(message);
        if (event === 'handed_off') attend('waiting');
        else if (event === 'handed_back' || event === 'resolved') attend('assistant');
        else if (event === 'taken_over' || from === 'agent') {
          name = message.name ?? 'a person';
          attend('person');
        } else if (handler === 'asked') attend('asked');
        if (from !== 'contact') {
          write();
          news.push(last);
        } else if (fresh && handler === 'assistant') write('Looking for an answer…', 60);
        recount();
      },
      outgoing: list.outgoing,
      typing(how) {
        if (how.from === 'agent') write(`${how.name ?? 'Somebody'} is writing…`);
        // It may not have heard yet that somebody has taken over; what it takes back was seen all the same.
        else write(handler === 'assistant' ? 'Looking for an answer…' : '', 60, how);
      },
      caughtUp() {
        fresh = true;
        list.ready();
        recount();
      },
      reset() {
        list.unsay();
        begun = fresh = false;
        last = 0;
        news = [];
        write();
        if (handler !== 'asked') attend('assistant');
      },
      handoffFailed(why) {
        if (handler === 'asked') attend('assistant');
        tell(`A person could not be asked. ${why || 'Try again in a moment.'}`);
        setTimeout(tell, 8000, '');
      },
    },
  );
  attend(handler);

  // ── What the visitor does ───────────────────────────────────────────────────────────────────────────────────────
  /** Fits the field to its text. What is too long stays, and is explained. */
  function grow(): void {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight + 2}px`;
    // As the server counts.
    const { length } = [...text.value.trim()];
    const over = length > 4000;
    count.textContent =
      length > 3500 ? `${length} of 4000 characters${over ? ': too many. Send the rest in another message.' : ''}` : '';
    text.ariaInvalid = over as unknown as string;
    send.disabled = !length || over;
  }

  function say(): void {
    if (!send.disabled) {
      if (conversation.utter(text.value.trim())) text.value = '';
      else tell('Too many messages are waiting to be sent.');
      changed();
    }
    text.focus();
  }

  // ── What the browser does ───────────────────────────────────────────────────────────────────────────────────────
  const on = <E extends Event>(target: EventTarget, type: string, run: (event: E) => void) =>
    target.addEventListener(type, run as (event: Event) => void, { signal });
  on(window, 'storage', ({ key, newValue }: StorageEvent) => {
    if (key === SEEN) recount();
    if (key?.startsWith(`samtal:${widget}:`) && !newValue) conversation.elsewhere();
  });
  on(window, 'online', conversation.wake);
  on(document, 'visibilitychange', () => {
    if (document.hidden) return;
    recount();
    conversation.wake();
  });
  // A page with an open socket is not kept for "back".
  on(window, 'pagehide', conversation.stop);
  on(window, 'pageshow', () => {
    draft();
    conversation.wake();
  });

  // The whole screen, on a phone and where the browser is zoomed until little is left: then nothing behind it can be
  // reached or scrolled.
  const small = matchMedia('(width<480px),(height<480px)');
  const lock = sheet(':is(html,body):has(samtal-widget){overflow:hidden!important}');
  const view = visualViewport as VisualViewport;

  function stand(): void {
    const { matches } = small;
    lock.disabled = !matches;
    if (matches && !document.adoptedStyleSheets.includes(lock)) document.adoptedStyleSheets.push(lock);
    if (panel.matches(':modal') !== matches) panel.close();
    if (!panel.open && matches) {
      panel.showModal();
      // Rather than the first button, which does something.
      list.log.focus();
    }
    panel.open = true;
    fit();
  }
  /** On a phone the window ends where the keyboard begins. */
  function fit(): void {
    if (view.scale > 1.05) return;
    panel.style.height = small.matches ? `${view.height}px` : '';
    panel.style.top = small.matches ? `${view.offsetTop}px` : '';
  }
  on(small, 'change', () => {
    const had = root.activeElement === text;
    if (shown) stand();
    if (had) text.focus();
  });
  on(view, 'resize', fit);
  on(view, 'scroll', fit);

  return {
    show(focus = true) {
      shown = true;
      stand();
      grow();
      list.shown();
      recount();
      if (focus) text.focus({ preventScroll: true });
      conversation.wake();
    },
    hide() {
      shown = false;
      lock.disabled = true;
      panel.close();
    },
    destroy() {
      gone.abort();
      lock.disabled = true;
      conversation.stop();
      panel.remove();
    },
  };
}
