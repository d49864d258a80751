// The statements of the race, said once for the peer and for pgbench, and the proof that the server still says the same.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The tenant of a key: $1 its keyed hash, $2 now. */
export const LOOKUP = `select k.tenant_id, k.key_id, k.last_used_at
  from app.api_keys k join app.tenants t on t.tenant_id = k.tenant_id
  where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
    and t.suspended_at is null`;

/** Once a minute: $1 tenant, $2 key, $3 now. */
export const USED = 'update app.api_keys set last_used_at = $3 where tenant_id = $1 and key_id = $2';

const COLUMNS = `select conversation_id, message_id, seq, author, name, text, event, refused,
    citations, client_id, created_at
  from app.messages`;
const LATEST = `where conversation_id = $1 and message_id > $1 and message_id < $2
    and message_id <= (select c.last_message_id from app.conversations c
                       where c.conversation_id = $1 and ($4::uuid is null or c.contact_id = $4))
  order by message_id desc limit $3`;

/** The latest messages: $1 conversation, $2 before which id, $3 how many, $4 null (or the contact whose it must be). */
export const MESSAGES = `${COLUMNS} ${LATEST}`;

/** Whether a conversation without messages is there: $1 conversation, $2 null. */
export const THERE = `select conversation_id from app.conversations
  where conversation_id = $1 and ($2::uuid is null or contact_id = $2)`;

/** The greatest UUID: before it is everything. */
export const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** How a transaction across tenants begins. Ids are UUIDs, so nothing needs quoting. */
export const platform = (request) =>
  `set local role app_platform; set local app.tenant_id = ''; set local app.user_id = ''; set local app.request_id = '${request}'`;

/** How a tenant's transaction begins. */
export const tenant = (id, user, request) =>
  `set local role app_tenant; set local app.tenant_id = '${id}'; set local app.user_id = '${user}'; set local app.request_id = '${request}'`;

/** What makes the keyed hash of an API key, from the server's own secret: so both sides look into the same table. */
export function keyHasher(dataFolder) {
  const secret = Buffer.from(readFileSync(join(dataFolder, 'secret.key'), 'utf8').trim(), 'hex');
  const derived = createHmac('sha256', secret).update('identity/api-key/1').digest();
  return (key) => createHmac('sha256', derived).update(key).digest();
}

/** The UUID in an id such as `conv_…`. */
export const uuid = (id) => id.replace(/^.*_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Throws when the server's source no longer holds these statements: the race would not be one any more. */
export function proveTheSame(project) {
  const plain = (text) => text.replace(/ as "[^"]*: [^"]*"/g, '').replace(/\{\}/g, '').replace(/\\\n/g, '').replace(/\s+/g, ' ');
  const holds = { 'crates/store/src/scope.rs': [LOOKUP, USED], 'crates/conversations/src/read.rs': [COLUMNS, LATEST, THERE],
    'crates/store/src/tx.rs': [`begin; ${platform('')}`, `begin; ${tenant('', '', '')}`] };
  for (const [file, statements] of Object.entries(holds)) {
    const source = plain(readFileSync(join(project, file), 'utf8'));
    for (const statement of statements) {
      if (!source.includes(plain(statement))) {
        throw new Error(`${file} no longer holds this statement; bring bench/p1-read-messages/sql.mjs up to it:\n${statement}`);
      }
    }
  }
}
