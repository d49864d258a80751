// Building blocks of both files. Text goes in as text nodes only, styles as a constructed sheet: nothing here needs
// `unsafe-inline`, `unsafe-eval` or a trusted-types policy.

type Value = string | number | boolean | ((event: never) => void);

/** An element. Strings are its attributes, all else its properties: `hidden`, or what it does (`onclick`). The loader calls
    that, see `hear` there; under a loader from before, the browser. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  given: Record<string, Value> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string') element.setAttribute(name, value);
    else (element as unknown as Record<string, Value>)[name] = value;
  }
  element.append(...children);
  return element;
}

/** Styles that no Content-Security-Policy for styles touches; they count where they are adopted. */
export function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** What one of the page's storages has; with a value, it is written first, and nothing is left of an empty one. Null where
    there is nothing, undefined where the browser forbids it. */
export function keep(storage: 'localStorage' | 'sessionStorage', key: string, value?: string): string | null | undefined {
  try {
    if (value) window[storage].setItem(key, value);
    else if (value === '') window[storage].removeItem(key);
    return window[storage].getItem(key);
  } catch {
    return undefined;
  }
}
