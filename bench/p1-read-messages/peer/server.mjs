// The peer: Fastify, tRPC and postgres.js do what the server does for `GET /api/v1/conversations/{id}/messages`.
//
// The same logins, roles, policies and statements, one transaction a request, pools of the same size, one line in the log.
// Where a choice was open the cheaper one was taken: statements are prepared, what can go to the database in one trip does.
import { initTRPC, TRPCError } from '@trpc/server';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import Fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import postgres from 'postgres';
import { z } from 'zod';
import * as statements from '../sql.mjs';

const { PEER_SOCKETS, PEER_TENANT_PASSWORD, PEER_PLATFORM_PASSWORD, PEER_DATA, PEER_LOG } = process.env;

/** A pool for a login, as large as the server's for the same login. */
const pool = (username, password, max) =>
  postgres({ host: PEER_SOCKETS, port: 5432, database: 'samtal', username, password, max, connection: { application_name: 'peer' } });
const tenants = pool('samtal_tenant', PEER_TENANT_PASSWORD, 16);
const platform = pool('samtal_platform', PEER_PLATFORM_PASSWORD, 6);

const PREPARED = { prepare: true };
const MINUTE = 60_000;
const hash = statements.keyHasher(PEER_DATA);

/** Notes that a key is used; once a minute. */
const used = (tenant, key, request, now) =>
  platform.begin((tx) => Promise.all([tx.unsafe(statements.platform(request)), tx.unsafe(statements.USED, [tenant, key, now], PREPARED)]));

const wire = (prefix, uuid) => `${prefix}_${uuid.replaceAll('-', '')}`;

/** A row as the wire writes it. */
const message = (row) => ({
  id: wire('msg', row.message_id),
  conversation_id: wire('conv', row.conversation_id),
  seq: Number(row.seq),
  from: row.author,
  name: row.name,
  text: row.text,
  event: row.event,
  refused: row.refused,
  citations: row.citations ?? [],
  client_id: row.client_id,
  created_at: row.created_at.toISOString(),
});

/** The latest messages of a conversation, in the order in which they were said, for who has this key. */
async function messages(key, request, conversation, limit, before) {
  const now = new Date();
  const rows = await tenants.begin(async (tx) => {
    // Not awaited one by one, so that all go out together. Who does not get in sees no messages.
    const [, [entered], , rows] = await Promise.all([
      tx.unsafe(statements.AT_THE_DOOR),
      tx.unsafe(statements.ENTER, [`\\x${hash(key).toString('hex')}`, request, now, new Date(now - MINUTE)], PREPARED),
      tx.unsafe(statements.INSIDE),
      tx.unsafe(statements.MESSAGES, [conversation, before, limit + 1, null], PREPARED),
    ]);
    if (!entered.tenant) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'This API key opens nothing.' });
    if (entered.stale) await used(entered.tenant, entered.actor, request, now);
    if (rows.length === 0) {
      const there = await tx.unsafe(statements.THERE, [conversation, null], PREPARED);
      if (there.length === 0) throw new TRPCError({ code: 'NOT_FOUND', message: 'There is no such conversation.' });
    }
    return rows;
  });
  const more = rows.length > limit;
  const data = rows.slice(0, limit).reverse().map(message);
  return { data, next_cursor: more ? data[0].id : null };
}

const t = initTRPC.context().create();
const withKey = t.procedure.use(({ ctx, next }) => {
  const key = /^Bearer (smt_[0-9a-f]{48})$/i.exec(ctx.authorization ?? '')?.[1];
  if (!key) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'This API key opens nothing.' });
  return next({ ctx: { key } });
});
const id = (prefix) => z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`));
const appRouter = t.router({
  messages: t.router({
    list: withKey
      .input(z.object({ conversation: id('conv'), limit: z.number().int().min(1).max(200).default(50), cursor: id('msg').optional() }))
      .query(({ ctx, input }) =>
        messages(
          ctx.key,
          ctx.request,
          statements.uuid(input.conversation),
          input.limit,
          input.cursor ? statements.uuid(input.cursor) : statements.LAST,
        ),
      ),
  }),
});

const app = Fastify({
  // Lines are gathered before they are written, as Pino advises for production.
  loggerInstance: pino(pino.destination({ dest: PEER_LOG, sync: false, minLength: 4096 })),
  disableRequestLogging: true,
  genReqId: () => randomUUID(),
});
app.addHook('onRequest', async (request, reply) => {
  reply.header('x-request-id', request.id);
});
app.addHook('onResponse', async (request, reply) => {
  request.log.info({ method: request.method, path: request.url, status: reply.statusCode, elapsed: reply.elapsedTime }, 'answered');
});
app.register(fastifyTRPCPlugin, {
  prefix: '/trpc',
  trpcOptions: {
    router: appRouter,
    createContext: ({ req }) => ({ authorization: req.headers.authorization, request: req.id }),
  },
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`The peer is at ${url}`);
process.on('SIGTERM', async () => {
  await app.close();
  await Promise.all([tenants.end(), platform.end()]);
  process.exit(0);
});
