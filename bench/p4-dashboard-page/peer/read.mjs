// What a page shows, from the database: the same logins, roles, policies and statements as the server's, pools of the same size.
//
// Where a choice was open the cheaper one was taken: one transaction for the whole page, statements are prepared, what can go
// to the database in one trip does.
import { createHash, randomUUID } from 'node:crypto';
import postgres from 'postgres';
import * as statements from './sql.mjs';

const { PEER_SOCKETS, PEER_TENANT_PASSWORD, PEER_PLATFORM_PASSWORD } = process.env;

/** A pool for a login, as large as the server's for the same login. */
const pool = (username, password, max) =>
  postgres({ host: PEER_SOCKETS, port: 5432, database: 'samtal', username, password, max, connection: { application_name: 'peer' } });
const tenants = pool('samtal_tenant', PEER_TENANT_PASSWORD, 16);
const platform = pool('samtal_platform', PEER_PLATFORM_PASSWORD, 6);

const PREPARED = { prepare: true };
const MINUTE = 60_000;

/** What the database knows a session by. The cookie holds the id's bytes from the last to the first. */
function hash(cookie) {
  return createHash('sha256').update(Buffer.from(cookie, 'base64url').reverse()).digest();
}

/** Notes that a session is used; once a minute. */
const seen = (session, request, now, since) =>
  platform.begin((tx) => Promise.all([tx.unsafe(statements.platform(request)), tx.unsafe(statements.SEEN, [session, now, since], PREPARED)]));

/** Who has this cookie, and the keys of the tenant; undefined for nobody. */
export async function keysFor(cookie) {
  if (!/^[\w-]{22}$/.test(cookie ?? '')) return undefined;
  const [session, request, now] = [hash(cookie), randomUUID(), new Date()];
  const ago = (minutes) => new Date(now - minutes * MINUTE);
  const door = [`\\x${session.toString('hex')}`, request, now, ago(statements.ABSOLUTE), ago(statements.IDLE), ago(1)];
  return tenants.begin(async (tx) => {
    // Not awaited one by one, so that all go out together. Who does not get in sees no keys.
    const [, [entered], , keys] = await Promise.all([
      tx.unsafe(statements.AT_THE_DOOR),
      tx.unsafe(statements.ENTER, door, PREPARED),
      tx.unsafe(statements.INSIDE),
      tx.unsafe(statements.KEYS, [statements.MOST, now], PREPARED),
    ]);
    if (!entered.tenant) return undefined;
    if (entered.stale) await seen(session, request, now, ago(1));
    const [who] = await tx.unsafe(statements.WHO, [entered.actor], PREPARED);
    return who && { who, keys };
  });
}
