// The loader: what a page has until somebody opens the chat. A button, its few styles, and `window.Samtal`.
//
// Guarantees: nothing in the page moves or is covered but the button's own circle; one request, the script itself; the
// rest comes with the first opening. Works under `script-src` and `connect-src` of Samtal's host alone.

import type { Chat, Place } from './chat.ts';
import { h, icon, style } from './elements.ts';

interface Api {
  open(): void;
  close(): void;
  toggle(): void;
  /** Takes the widget out of the page. */
  destroy(): void;
}

declare global {
  interface Window {
    Samtal?: Api;
  }
}

// An element of the page's that is named `currentScript` stands in the way of the browser's own.
const current = document.currentScript;
const script =
  (current instanceof HTMLScriptElement ? current : null) ??
  document.querySelector<HTMLScriptElement>('script[data-widget][src*="/widget/v1/"]');
const widget = script?.dataset['widget'];
if (!script || !widget) console.error('Samtal: the script has no data-widget="wgt_…"');
// A page may name the script twice, or load it again when it changes its content.
else if (!window.Samtal) window.Samtal = start(script, widget);

function start(script: HTMLScriptElement, widget: string): Api {
  const title = script.dataset['title'] || 'Chat';
  const host = document.createElement('samtal-widget');
  const root = host.attachShadow({ mode: 'open' });
  style(root, WIDGET_CSS);
  const words = h('span', { class: 'words' });
  const badge = h('span', { class: 'badge', 'aria-hidden': 'true' });
  const bubble = h(
    'button',
    { class: 'bubble', type: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', 'aria-controls': 'window' },
    icon('M12 4c5 0 9 3.2 9 7.5S17 19 12 19c-1 0-2-.1-2.9-.4L4.5 20.5l1-3.6C4 15.5 3 13.6 3 11.5 3 7.2 7 4 12 4z'),
    icon('M6 9.5l6 6 6-6'),
    words,
    badge,
  );
  const heard = h('span', { class: 'heard', role: 'status' });
  const section = h('section', { 'aria-label': title, lang: 'en' }, bubble, heard);
  root.append(section);

  let chat: Chat | undefined;
  let open = false;
  let state: '' | 'opening' | 'failed' = '';
  let tries = 0;
  let unread = 0;
  let destroyed = false;

  function draw(): void {
    const news = unread ? `${unread} new message${unread > 1 ? 's' : ''}` : '';
    const status = state === 'opening' ? 'Opening…' : state ? 'The chat did not open. Try again' : news;
    section.className = state || (open ? 'open' : '');
    bubble.setAttribute('aria-expanded', `${open && !!chat}`);
    bubble.setAttribute('aria-label', state ? status : news ? `${title}, ${news}` : title);
    words.textContent = state === 'opening' ? 'Opening…' : state ? 'Try again' : '';
    badge.textContent = unread > 9 ? '9+' : unread ? `${unread}` : '';
    heard.textContent = status;
  }

  function load(): void {
    state = 'opening';
    // A browser remembers a module that failed; after a "#" it is another one to it, and the same to the server.
    const address = new URL(CHAT_FILE + (tries ? `#${tries}` : ''), script.src).href;
    tries++;
    import(address)
      .then(({ mount }: { mount(place: Place): Chat }) => {
        state = '';
        if (destroyed) return;
        chat = mount({
          root,
          section,
          origin: new URL(script.src).origin,
          widget,
          title,
          close,
          unread(count) {
            unread = count;
            draw();
          },
        });
        if (open) chat.show();
      })
      .catch((error: unknown) => {
        console.error('Samtal:', error);
        state = 'failed';
        open = false;
      })
      .then(draw);
  }

  function show(): void {
    if (open || destroyed) return;
    open = true;
    if (chat) chat.show();
    else if (state !== 'opening') load();
    draw();
  }

  function close(): void {
    if (!open) return;
    open = false;
    // Whoever is elsewhere in the page stays there.
    const inside = root.activeElement;
    draw();
    chat?.hide();
    if (inside) bubble.focus();
  }

  const toggle = () => (open ? close() : show());
  // The second click of a double one would close it again.
  bubble.addEventListener('click', (event) => event.detail < 2 && toggle());
  draw();

  const append = () => destroyed || document.documentElement.append(host);
  if (document.body) append();
  else addEventListener('DOMContentLoaded', append);

  return {
    open: show,
    close,
    toggle,
    destroy() {
      destroyed = true;
      chat?.destroy();
      host.remove();
      delete window.Samtal;
    },
  };
}
