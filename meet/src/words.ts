// The sentences of the page, which the server has put into it in the visitor's language.

export type Words = Readonly<Record<string, string>>;
export type Say = (key: string, given?: Readonly<Record<string, string | number>>) => string;

/** Gives sentences by their key, with what stands in braces filled in. What has no sentence is silent: nobody reads a key. */
export function sayer(words: Words): Say {
  return (key, given = {}) =>
    (words[key] ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => (name in given ? String(given[name]) : whole));
}
