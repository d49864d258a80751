// The meeting in the page of another site: what that page is told, and what it may ask for. No DOM: what posts and what is done come from outside.
//
// Guarantees: nothing is told before it is known that the page around is of a site that the company allows, and then to that origin alone. What comes
// from others, or has another shape, does nothing. The page around turns things off, and nothing on.

import type { Id, Role } from './frames.ts';
import type { Over } from './signal.ts';

/** Why one is in it no more. Who is known no more asks anew, and has not left. */
type Left = Exclude<Over, 'unknown'>;

export type Stage = 'lobby' | 'waiting' | 'room' | 'over';

/** What the page around is told. Of `microphone` and `camera`: whether it is off. */
export type Told =
  | { readonly type: 'samtal:ready'; readonly stage: Stage; readonly microphone: boolean; readonly camera: boolean }
  | { readonly type: 'samtal:joined'; readonly person: Id; readonly role: Role }
  | { readonly type: 'samtal:muted'; readonly microphone: boolean; readonly camera: boolean }
  | { readonly type: 'samtal:left'; readonly why: Left }
  | { readonly type: 'samtal:ended' };

export interface Hooks {
  post(told: Told, origin: string): void;
  /** How it is now. */
  now(): Omit<Extract<Told, { type: 'samtal:ready' }>, 'type'>;
  mute(input: 'microphone' | 'camera'): void;
  hangUp(): void;
}

export class Embed {
  private readonly sites: readonly string[];
  private readonly hooks: Hooks;
  /** The page around. */
  private origin: string | undefined;
  private last = '';

  constructor(sites: readonly string[], referrer: string, hooks: Hooks) {
    this.sites = sites;
    this.hooks = hooks;
    this.origin = sites.find((site) => referrer === site || referrer.startsWith(`${site}/`));
  }

  tell(told: Told): void {
    if (this.origin) this.hooks.post(told, this.origin);
  }

  /** What is on, where that has changed. */
  muted(microphone: boolean, camera: boolean): void {
    const now = `${microphone} ${camera}`;
    if (now === this.last) return;
    this.last = now;
    this.tell({ type: 'samtal:muted', microphone, camera });
  }

  over(why: Left): void {
    this.tell(why === 'ended' || why === 'gone' ? { type: 'samtal:ended' } : { type: 'samtal:left', why });
  }

  /** Something that the page around has posted. */
  hear(origin: string, data: unknown): void {
    if (!this.sites.includes(origin) || typeof data !== 'object' || data === null) return;
    const { type, microphone, camera } = data as Record<string, unknown>;
    if (type === 'samtal:hello') {
      this.origin = origin;
      this.tell({ type: 'samtal:ready', ...this.hooks.now() });
    } else if (type === 'samtal:mute') {
      if (microphone === true) this.hooks.mute('microphone');
      if (camera === true) this.hooks.mute('camera');
    } else if (type === 'samtal:hang-up') this.hooks.hangUp();
  }
}

/** Who one is by what stands behind the `#` of the address. By person and secret one also comes back once the token is no good any more. */
export interface Brought {
  readonly token: string;
  readonly person: Id;
  readonly secret: string;
}

export function brought(hash: string): Brought | undefined {
  const given = new URLSearchParams(hash.slice(1));
  const [token = '', person = '', secret = ''] = ['token', 'person', 'secret'].map((name) => given.get(name) ?? '');
  if (!token) return undefined;
  // One without the other proves nothing.
  return person && secret ? { token, person, secret } : { token, person: '', secret: '' };
}
