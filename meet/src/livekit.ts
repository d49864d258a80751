// LiveKit's own client, and what leads it: a file of its own, which the page loads where a LiveKit server carries media, once one comes in.

import { Room, setLogLevel } from 'livekit-client';
import { Away, type World } from './away.ts';
import type { Listener, Media } from './call.ts';

setLogLevel('silent');

/** A way that is lost is never mended by it: another one is asked for. */
const OPTIONS = { dynacast: true, stopLocalTrackOnUnpublish: false, reconnectPolicy: { nextRetryDelayInMs: () => null } };

export function open(world: Omit<World, 'room'>, listener: Listener): Media {
  return new Away({ ...world, room: () => new Room(OPTIONS) as never }, listener);
}
