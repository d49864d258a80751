// What is shown how large, and so what is asked of the server. No DOM.

import type { Id, Peer, Source, Wanted } from './frames.ts';

/** Most pictures that are asked for, as the server's. */
const MOST = 25;
/** Heights that are asked for: a tile that grows by a pixel is no news. */
const HEIGHTS = [180, 360, 720, 1080];

/** A picture on the stage. */
export interface Tile {
  readonly person: Id;
  readonly peer: Peer | null;
  readonly source: 'camera' | 'screen';
  /** Whether there is something to see. */
  readonly on: boolean;
  /** Whether it can be seen: it is not scrolled away. */
  readonly visible: boolean;
  /** In pixels of the device. */
  readonly height: number;
}

/** What a tile is called. */
export const key = (person: Id, source: Source): string => `${source} ${person}`;

/** What is asked for, the most wanted first. */
export function wants(tiles: readonly Tile[], main: string | undefined): Wanted[] {
  const seen = tiles.filter(({ on, visible, peer }) => on && visible && peer !== null);
  const rank = (tile: Tile) => (key(tile.person, tile.source) === main ? 0 : tile.source === 'screen' ? 1 : 2);
  return seen
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST)
    .map(({ peer, source, height }) => ({
      peer: peer as Peer,
      source,
      height: HEIGHTS.find((step) => height <= step) ?? 1080,
    }));
}

/** In how many columns so many pictures of 16 by 9 are largest. */
export function columns(count: number, width: number, height: number): number {
  let best = 1;
  let largest = 0;
  for (let across = 1; across <= Math.max(1, count); across++) {
    const down = Math.ceil(count / across);
    const wide = Math.min(width / across, ((height / down) * 16) / 9);
    // Where it is the same, beside each other rather than below.
    if (wide > largest * 0.99) [best, largest] = [across, Math.max(wide, largest)];
  }
  return best;
}

/** Which tile is the large one: the pinned one, a screen, whoever speaks, whoever was it before, the first. */
export function mainOf(tiles: readonly Tile[], pinned: string | undefined, speaker: Id | undefined, before: string | undefined): string | undefined {
  const keys = tiles.map(({ person, source }) => key(person, source));
  const there = (one: string | undefined) => one !== undefined && keys.includes(one);
  if (there(pinned)) return pinned;
  const screen = tiles.find(({ source, on }) => source === 'screen' && on);
  if (screen) return key(screen.person, 'screen');
  const speaks = speaker && key(speaker, 'camera');
  if (speaks && there(speaks)) return speaks;
  return there(before) ? before : keys[0];
}
