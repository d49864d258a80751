// The statements of the race, said once for the peer and for pgbench, and the proof that the server still says the same.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The door: the tenant of a key, in whose transaction one is then. $1 `\x` and the keyed hash in hex, $2 request, $3 now, $4 since when a use is noted. */
export const ENTER = 'select * from app.enter_key($1, $2, $3, $4)';

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

/** Who reads a credential, and who goes on: before and after the door. */
export const [AT_THE_DOOR, INSIDE] = ['set local role app_door', 'set local role app_tenant'];

/** How a transaction across tenants begins, for what is noted once a minute. Ids are UUIDs, so nothing needs quoting. */
export const platform = (request) =>
  `set local role app_platform; set local app.tenant_id = ''; set local app.user_id = ''; set local app.request_id = '${request}'`;

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
  const holds = { 'crates/store/src/scope.rs': [USED, "app.enter_key('', '', , )"], 'crates/conversations/src/read.rs': [COLUMNS, LATEST, THERE],
    'crates/store/src/tx.rs': [`begin; ${platform('')}`, `begin; ${AT_THE_DOOR}; select * from {door}; ${INSIDE}`] };
  for (const [file, statements] of Object.entries(holds)) {
    const source = plain(readFileSync(join(project, file), 'utf8'));
    for (const statement of statements) {
      if (!source.includes(plain(statement))) {
        throw new Error(`${file} no longer holds this statement; bring bench/p1-read-messages/sql.mjs up to it:\n${statement}`);
      }
    }
  }
}
