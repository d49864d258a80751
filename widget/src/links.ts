// Addresses in what people write. No DOM: a text goes in, its pieces come out.

/** A host of letters of any script with no name and password before it, perhaps a port, and what follows, up to a space or
    what no address holds. Marks that turn the direction of writing are among that; those that join letters are not. */
const ADDRESS =
  /\bhttps?:\/\/[\p{L}\p{N}][\p{L}\p{M}\p{N}.-]*(?::\d+)?(?![^\s/?#]*@)(?:[/?#](?:[^\s\p{C}<>"\\^`{|}«»“-„《-」]|\p{Join_C})*)?/giu;

/** Text and addresses by turns, a text at both ends; put together they are what came in. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let at = 0;
  for (let { 0: address, index } of text.matchAll(ADDRESS)) {
    // What ends the sentence, in whatever script, does not end the address.
    while (/(?![#%&/@])[\p{Po}’]$/u.test(address) || closes(address)) address = address.slice(0, -1);
    found.push(text.slice(at, index), address);
    at = index + address.length;
  }
  return [...found, text.slice(at)];
}

/** Where a part of a text is: from which of its characters on, and before which it ends, as `[...text]` counts them. Nowhere,
    without these. */
export interface Span {
  readonly start?: number;
  readonly end?: number;
}

/** A text in parts: as it is, what was made of its addresses, and of what is in spans, which come in the order of the text
    (of two for the same words the first counts). An address stays whole, and outside of spans. */
export function parts<T>(
  text: string,
  spans: readonly Span[],
  address: (words: string) => T,
  spanned: (words: string, span: number) => T,
): (string | T)[] {
  let ends = 0;
  return pieces(text).flatMap((piece, turn) => {
    const rest = [...piece];
    ends += rest.length;
    if (turn % 2) return address(piece);
    // Nothing, where that is before the rest.
    const upTo = (place = 0) => rest.splice(0, place - ends + rest.length).join('');
    return [...spans.flatMap((span, at) => [upTo(span.start), spanned(upTo(span.end), at)]), rest.join('')];
  });
}

/** Whether it ends with a bracket that was opened before it. */
function closes(address: string): unknown {
  const last = address.slice(-1);
  const opening = '([（'[')]）'.indexOf(last)];
  return opening && address.split(last).length > address.split(opening).length;
}
