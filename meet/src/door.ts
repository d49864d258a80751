// Coming in: the join of the lobby, and coming back as who one was. No DOM: what fetches comes from outside.

import type { Id, Role } from './frames.ts';
import type { Over, Pass } from './signal.ts';

export interface Asked {
  readonly consent: boolean;
  readonly name?: string;
  readonly passcode?: string;
  readonly as?: string;
  readonly person?: Id;
  readonly secret?: string;
}

export interface Joined {
  readonly person: Id;
  readonly secret: string;
  readonly token: string;
  readonly state: 'waiting' | 'in';
  readonly role: Role;
  readonly name: string;
}

/** Why one could not come in. `status` 0: no answer came. */
export interface Refused {
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly { readonly field: string; readonly message: string }[];
}

export type Fetch = (address: string, init: RequestInit) => Promise<Response>;

/** Asks to come in. */
export async function join(fetches: Fetch, address: string, asked: Asked): Promise<Joined | Refused> {
  try {
    const answer = await fetches(address, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(asked),
      // One that never comes back keeps nobody from asking again.
      signal: AbortSignal.timeout(15_000),
    });
    const body = (await answer.json().catch(() => ({}))) as Partial<Joined & Refused>;
    if (answer.ok && body.token && body.person) return body as Joined;
    const errors = Array.isArray(body.errors) ? body.errors : [];
    return { status: answer.ok ? 502 : answer.status, detail: body.detail ?? '', errors };
  } catch {
    return { status: 0, detail: '', errors: [] };
  }
}

/** By what a contact comes as themself: the link that their conversation says to them alone has it behind the `#`. */
export interface Own {
  readonly as: string;
  /** Whether the company knows what they are called. */
  readonly named: boolean;
}

export function own(hash: string): Own | undefined {
  const given = new URLSearchParams(hash.slice(1));
  const as = given.get('as');
  return as ? { as, named: given.has('named') } : undefined;
}

/** What a refusal means for one who comes back. What may pass is nothing: one tries again. */
export function passed(answer: Joined | Refused): Pass {
  if ('token' in answer) return { token: answer.token };
  const { status, detail } = answer;
  const over: Partial<Record<number, Over>> = { 401: 'closed', 403: 'removed', 404: 'gone', 409: 'closed', 422: 'unknown' };
  const why = over[status];
  return why && { over: why, detail };
}
