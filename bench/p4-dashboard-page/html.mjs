// What stands in a page, without what is a framework's own business: so pages of two can be compared.

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** Without marks between texts. */
const unmarked = (html) => html.replace(/<!(?:--[^]*?--)?>/g, '');
const plain = (text) => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, digits, name) =>
  name ? (NAMED[name] ?? all) : String.fromCodePoint(Number(hex ? `0x${hex}` : digits)));

/**
 * The body as a list: elements with their attributes in order, ends, texts. Left out: comments and scripts; and the empty
 * element in which Next.js would send what comes later.
 */
export function body(html) {
  const inside = /<body[^]*<\/body>/.exec(html)?.[0];
  if (!inside) throw new Error(`There is no body: ${html.slice(0, 2000)}`);
  const found = [];
  const tokens = unmarked(inside.replace(/<script\b[^]*?<\/script>/g, ''))
    .replace(/<div hidden=""><\/div>/g, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>|([^<]+)/gi);
  for (const [, end, name, attributes, text] of tokens) {
    if (text === undefined) {
      const pairs = [...attributes.matchAll(/([^\s="/]+)(?:="([^"]*)")?/g)];
      const list = pairs.map(([, key, value = '']) => `${key.toLowerCase()}="${plain(value)}"`);
      found.push(`<${end}${[name.toLowerCase(), ...list.sort()].join(' ')}>`);
    } else if (found.length > 0 && !found.at(-1).startsWith('<')) {
      found.push(found.pop() + plain(text));
    } else {
      found.push(plain(text));
    }
  }
  return found;
}

/** The title. */
export const title = (html) => plain(/<title>([^<]*)<\/title>/.exec(html)?.[1] ?? '');

/** The names in the table, from the top. */
export const names = (html) => [...unmarked(html).matchAll(/<span class="entry"><span>(.*?)<small>/g)].map(([, name]) => plain(name));
