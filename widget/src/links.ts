// Addresses in what people write. No DOM: a text goes in, its pieces come out.

/** A host of letters of any script, perhaps a port, and what follows, up to a space or what no address holds. Marks that
    turn the direction of writing are among that; those that join letters are not. */
const ADDRESS =
  /\bhttps?:\/\/[\p{L}\p{N}][\p{L}\p{M}\p{N}.-]*(?::\d+)?(?:[/?#](?:[^\s\p{C}<>"\\^`{|}«»“”„「」《》]|[\u200c\u200d])*)?/giu;
/** Ends the sentence rather than the address. */
const END = /[.,;:!?'’*…、。，！？：；]$/;
const BRACKETS = '([（)]）';

/** Text and addresses by turns, a text at both ends; put together they are what came in. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let at = 0;
  for (let { 0: address, index } of text.matchAll(ADDRESS)) {
    // A name and a password before the host.
    if (/^[^\s/?#]*@/.test(text.slice(index + address.length))) continue;
    while (END.test(address) || closes(address)) address = address.slice(0, -1);
    found.push(text.slice(at, index), address);
    at = index + address.length;
  }
  return [...found, text.slice(at)];
}

/** Whether it ends with a bracket that was opened before it. */
function closes(address: string): boolean {
  const last = address.slice(-1);
  const opening = BRACKETS[BRACKETS.indexOf(last) - 3];
  return !!opening && address.split(last).length > address.split(opening).length;
}
