// Building blocks of both files. Text goes in as text nodes only, styles as a constructed sheet: nothing here needs
// `unsafe-inline`, `unsafe-eval` or a trusted-types policy.

type Child = Node | string;

/** An element with attributes; `true` is the empty value, `false` leaves the attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : `${value}`);
  }
  element.append(...children);
  return element;
}

/** A drawing of lines in a field of 24 by 24, for eyes only. */
export function icon(path: string): SVGElement {
  const make = (tag: string, attributes: Record<string, string>) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const name in attributes) element.setAttribute(name, attributes[name] ?? '');
    return element as SVGElement;
  };
  const svg = make('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' });
  svg.append(make('path', { d: path }));
  return svg;
}

/** Styles for a shadow root, which no Content-Security-Policy for styles touches. */
export function style(root: ShadowRoot, css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
}
