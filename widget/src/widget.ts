// The loader: what a page has until somebody opens the chat. A button, its few styles, `window.Samtal`, and what keeps the
// page's own scripts from what is done inside.
//
// Guarantees: nothing in the page moves or is covered but the button's own circle; one request, the script itself, until
// the chat is opened or a visitor comes back who has said something. Works under `script-src` and `connect-src` of
// Samtal's host alone. What the page takes away comes back.

import type { Chat, Place } from './chat.ts';
import { h, keep, sheet } from './elements.ts';

/** Called, it puts the widget back into the page. */
interface Api {
  (): void;
  open(): void;
  close(): void;
  toggle(): void;
  /** Takes the widget out of the page. */
  destroy(): void;
}

/** A name that no element and no variable of the page's has: a heading with `id="Samtal"` is `window.Samtal`, too. */
const NAME: unique symbol = Symbol.for('samtal');

declare global {
  interface Window {
    Samtal?: Api;
    [NAME]?: Api;
  }
}

/** What a page could hear of what is done inside. */
const HEARD =
  'keydown keypress keyup beforeinput textInput input compositionstart compositionupdate compositionend copy cut paste ' +
  'focus blur focusin focusout wheel touchstart touchmove touchend pointerdown pointerup mousedown mouseup click dblclick ' +
  'auxclick contextmenu selectstart';
/** Where the page holds the focus. */
const TRAPS = 'dialog,[role*=dialog],[aria-modal]';
const TALK = 'M12 4c5 0 9 3.2 9 7.5S17 19 12 19c-1 0-2-.1-2.9-.4L4.5 20.5l1-3.6C4 15.5 3 13.6 3 11.5 3 7.2 7 4 12 4z';
const DOWN = 'M6 9.5l6 6 6-6';
const SECOND = 1000;

/** The element of this script, or of another tag of ours, and the key that it gives. */
function find(): [HTMLScriptElement, string] | undefined {
  // An element of the page's that is named `currentScript` stands in the way of the browser's own.
  for (const script of [document.currentScript, ...document.querySelectorAll('script[src*="/widget/v1/"]')]) {
    if (!(script instanceof HTMLScriptElement)) continue;
    // A tag manager may leave nothing but the address.
    const widget = script.dataset['widget'] || /wgt_\w+/.exec(script.src)?.[0];
    if (widget) return [script, widget];
  }
  return undefined;
}

/** `document.body` may be an image of that name, too. */
const body = () => document.querySelector('body');

const found = find();
// A page may name the script twice, or load it again when it changes its content.
if (window[NAME]) window[NAME]();
else if (found) start(...found);
else console.error('Samtal: the script names no widget (wgt_…)');

function start(script: HTMLScriptElement, widget: string): void {
  const { src, dataset } = script;
  const title = dataset['title'] || 'Chat';
  const host = document.createElement('samtal-widget');
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets.push(sheet(WIDGET_CSS));
  const make = (tag: string) => document.createElementNS('http://www.w3.org/2000/svg', tag);
  const drawing = make('svg');
  const line = make('path');
  drawing.setAttribute('viewBox', '0 0 24 24');
  drawing.append(line);
  const badge = h('span', { class: 'badge' });
  const bubble = h(
    'button',
    {
      class: 'bubble',
      'aria-haspopup': 'dialog',
      // The second click of a double one does not close it again.
      onclick: (event: MouseEvent) => (event.detail < 2 || !open) && toggle(),
    },
    drawing,
    badge,
  );
  const words = h('span', { role: 'status' });
  const section = h('section', { popover: 'manual', 'aria-label': title, lang: 'en' }, bubble, words);
  root.append(section);

  /** What the next page of this tab has to know: that the chat is open, or how much is unread. */
  const place = `samtal.open:${widget}`;
  const was = keep('sessionStorage', place);
  const gone = new AbortController();
  const { signal } = gone;
  let chat: Chat | undefined;
  let open = was === 'open';
  let unread = Number(was) || 0;
  let loading = false;
  let failed = false;
  let tries = 0;
  /** Whether the keyboard is inside, and whether it shall be when the chat is there. */
  let inside = false;
  let focus = false;
  let timer = 0;
  let pause = 5;
  let stood = 0;

  function draw(): void {
    const news = unread ? `${unread} new message${unread > 1 ? 's' : ''}` : '';
    const status = open && !chat ? 'Opening…' : failed ? 'The chat did not open. Try again' : '';
    words.textContent = status || news;
    words.className = status ? 'words' : 'heard';
    badge.textContent = unread > 9 ? '9+' : `${unread || ''}`;
    bubble.ariaLabel = status || (news ? `${title}, ${news}` : title);
    bubble.ariaExpanded = `${open && !status}`;
    line.setAttribute('d', open ? DOWN : TALK);
    // As large on a page that is zoomed by its styles: lengths of the window would not fit into it.
    let zoom = 1;
    for (const node of [document.documentElement, body()]) if (node) zoom *= Number(getComputedStyle(node).zoom) || 1;
    section.style.zoom = `${1 / zoom}`;
  }

  /** Draws what has changed, and leaves word for the next page. */
  function changed(): void {
    draw();
    keep('sessionStorage', place, open ? 'open' : `${unread || ''}`);
  }

  /** Shows the window, if it is there; out of the page it waits to be put back. */
  function reveal(focus: boolean): void {
    if (open && host.isConnected) chat?.show(focus);
  }

  function load(): void {
    if (loading) return;
    loading = true;
    // A browser remembers a module that failed; after a "#" it is another one to it, and the same to the server.
    import(new URL(`${CHAT_FILE}#${tries++}`, src).href)
      .then(({ mount }: { mount(place: Place): Chat }) => {
        if (signal.aborted) return;
        chat = mount({
          root,
          section,
          origin: new URL(src).origin,
          widget,
          title,
          close,
          unread(count) {
            unread = count;
            changed();
          },
        });
        reveal(focus);
      })
      .catch((error: unknown) => {
        console.error('Samtal:', error);
        failed = open;
        open = loading = false;
      })
      .then(draw);
  }

  function show(): void {
    if (open || signal.aborted) return;
    open = focus = true;
    failed = false;
    reveal(true);
    load();
    changed();
  }

  function close(): void {
    if (!open) return;
    open = false;
    // Whoever is elsewhere in the page stays there.
    const had = root.activeElement;
    changed();
    chat?.hide();
    if (had) bubble.focus();
  }

  const toggle = () => (open ? close() : show());

  /** What is done inside stays inside: this hears before all listeners below the window, and calls those inside itself. */
  function hear(event: Event): void {
    const path = event.composedPath();
    const { type, target, relatedTarget } = event as FocusEvent;
    const at = path.indexOf(host);
    if (at < 0) {
      // A trap for the focus would fetch it back.
      if (relatedTarget === host && /out|blur/.test(type) && (target as Element).closest(TRAPS)) event.stopImmediatePropagation();
      return;
    }
    event.stopImmediatePropagation();
    // Taken away with the widget, the focus is the widget's all the same.
    if (/focus/.test(type)) setTimeout(() => host.isConnected && (inside = !!root.activeElement));
    for (const node of path.slice(0, at)) (node as unknown as Record<string, (e: Event) => void>)[`on${type}`]?.(event);
  }

  const watch = new MutationObserver(() => {
    // Out of sight, it must not hold the page that is behind it.
    if (host.hidden) close();
    if (timer || (host.parentNode === body() && !host.inert && !host.ariaHidden)) return;
    // A page that takes it away again and again is not fought.
    pause = Date.now() - stood > 10 * SECOND ? 10 : Math.min(pause * 2, 30 * SECOND);
    timer = setTimeout(put, pause);
  });

  /** Puts everything where it belongs, whatever the page has done. */
  function put(): void {
    clearTimeout(timer);
    timer = 0;
    if (signal.aborted) return;
    const now = body();
    for (const node of [document, document.documentElement, now]) if (node) watch.observe(node, { childList: true });
    // The parser is not that far.
    if (!now) return;
    // A document that was opened and written again has taken all listeners away.
    if (!bubble.onclick) {
      api.destroy();
      return start(script, widget);
    }
    stood = Date.now();
    if (host.parentNode !== now) now.append(host);
    // Copies that the page has kept of itself hold one, too.
    for (const copy of document.querySelectorAll('samtal-widget')) if (copy !== host) copy.remove();
    host.inert = false;
    host.ariaHidden = null;
    watch.observe(host, { attributes: true });
    // Above everything, also where the page moves its own root. Not every browser can, and shown it stays.
    try {
      section.showPopover();
    } catch {}
    draw();
    reveal(inside && document.activeElement === now);
  }

  const api = Object.assign(put, {
    open: show,
    close,
    toggle,
    destroy() {
      gone.abort();
      watch.disconnect();
      chat?.destroy();
      host.remove();
      if (window.Samtal === api) delete window.Samtal;
      delete window[NAME];
    },
  });
  window[NAME] = api;
  // What the page calls so is the page's.
  if (!Object.hasOwn(window, 'Samtal')) window.Samtal = api;

  for (const type of HEARD.split(' ')) addEventListener(type, hear, { capture: true, passive: /wh|to/.test(type), signal });
  put();
  // Whoever has said something may have got an answer meanwhile.
  if (open || keep('localStorage', `samtal:${widget}`)) load();
}
