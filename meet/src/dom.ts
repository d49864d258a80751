// The page's elements, by their `data-meet-…` attributes. What others wrote or are called goes in as text, never as HTML.

/** The element that must be there: the server has rendered it. */
export function need<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** The element, if it is there. */
export function find<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E | null {
  return root.querySelector<E>(selector);
}

export function all<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] {
  return [...root.querySelectorAll<E>(selector)];
}

/** A copy of what stands in a template. */
export function copy(selector: string): HTMLElement {
  const first = need<HTMLTemplateElement>(selector).content.firstElementChild;
  if (!first) throw new Error(`${selector} is empty`);
  return document.importNode(first, true) as HTMLElement;
}

/** Sets the text, only where it is another one: what is read out is not read out twice. */
export function text(element: Element | null, words: string): void {
  if (element && element.textContent !== words) element.textContent = words;
}

/** Shows a sentence, or hides the element where there is none. */
export function sentence(element: HTMLElement | null, words: string): void {
  if (!element) return;
  text(element, words);
  element.hidden = words === '';
}

export function press(element: Element, pressed: boolean): void {
  element.setAttribute('aria-pressed', String(pressed));
}

/** The JSON in a `<script type="application/json">`. */
export function json<T>(selector: string): T {
  return JSON.parse(need(selector).textContent ?? '') as T;
}

/** The first letters of the first and the last word of a name. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letter = (word: string | undefined) => /[\p{L}\p{N}]/u.exec(word ?? '')?.[0] ?? '';
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map(letter).join('').toLocaleUpperCase() || '?';
}

/** What the browser keeps for this tab (`sessionStorage`) or for all (`localStorage`); nothing where it forbids that. */
export function kept<T>(storage: 'localStorage' | 'sessionStorage', key: string): T | undefined {
  try {
    const found = window[storage].getItem(key);
    return found ? (JSON.parse(found) as T) : undefined;
  } catch {
    return undefined;
  }
}

export function keep(storage: 'localStorage' | 'sessionStorage', key: string, value: unknown): void {
  try {
    if (value === undefined) window[storage].removeItem(key);
    else window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // It is kept as long as the page lives, by whoever has it.
  }
}
