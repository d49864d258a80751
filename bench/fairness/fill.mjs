// The tenants: the neighbour, the attacker, the attacker's library, which has much to search, and the one that will have a model which says nothing.
import { document } from '../p1-read-messages/fill.mjs';
import { uuid } from '../p1-read-messages/sql.mjs';

/** The library: documents, and pieces of each. */
const DOCUMENTS = 8;
const PIECES = 1000;
/** Messages in the conversation that the neighbour reads. */
const LENGTH = 30;

/** Words that mean nothing, few enough that every question finds each of its words in many pieces. */
export function vocabulary() {
  const [begins, ends] = ['b d f g k l m n p r s t v z'.split(' '), 'ar el im on ust ank'.split(' ')];
  return begins.flatMap((a) => ends.map((b) => a + b + a));
}

/** Rows as reading the documents would leave them, but for what they mean. */
function library(samtal, tenant) {
  const id = uuid(tenant.id);
  const pick = `(string_to_array('${vocabulary().join(' ')}', ' '))[1 + floor(random() * ${vocabulary().length})::int]`;
  // What is chosen by chance is chosen anew for each row, as it names that row. Rows go in unchecked: they fit.
  samtal.sql(`
    set session_replication_role = replica;
    insert into app.documents (tenant_id, document_id, title, file_name, kind, markdown, language, byte_size, sha256, state,
        chunk_count, by_meaning, created_at, updated_at)
      select '${id}', uuidv7(), 'Volume ' || n, 'volume.md', 'text', true, 'english', 400000, sha256('volume'), 'ready',
        ${PIECES}, true, now(), now()
      from generate_series(1, ${DOCUMENTS}) n;
    insert into app.chunks (tenant_id, chunk_id, document_id, position, starts, ends, title, text, term_count)
      select d.tenant_id, uuidv7(), d.document_id, n, n * 400, n * 400 + 399, d.title,
        (select string_agg(${pick}, ' ') from generate_series(1, 60) where n is not null), 60
      from app.documents d, generate_series(0, ${PIECES - 1}) n where d.tenant_id = '${id}';
    insert into app.chunk_terms (tenant_id, term, chunk_id, frequency)
      select c.tenant_id, t.lexeme, c.chunk_id, cardinality(t.positions)
      from app.chunks c, unnest(to_tsvector('english', c.text)) t where c.tenant_id = '${id}';
    insert into app.chunk_vectors (tenant_id, chunk_id, model_id, embedding)
      select c.tenant_id, c.chunk_id, 'all-minilm-l6-v2',
        (select array_agg(random() - 0.5) from generate_series(1, 384) where c.chunk_id is not null)::real[]::vector
      from app.chunks c where c.tenant_id = '${id}'`);
}

/** The address of the largest file that the server hands out: pages of those who have signed in name it. */
async function asset(samtal, email) {
  const cookie = await samtal.signIn(email);
  const page = await (await fetch(`${samtal.url}/dashboard/inbox`, { headers: { cookie } })).text();
  const found = /\/assets\/islands\/desk_loader_[^"]+\.wasm/.exec(page)?.[0];
  if (!found) throw new Error('The inbox names no file to ask for: was the binary built with a bundle?');
  return found;
}

/** Fills, and gives the neighbour and what the attacker needs to know. */
export async function fill(samtal) {
  const tenant = async (name, email) => {
    const made = samtal.tenant(name, email);
    const [widget] = samtal.sql(`select replace(widget_id::text, '-', '') from app.widgets where tenant_id = '${uuid(made.id)}'`);
    return { ...made, widget: `wgt_${widget}` };
  };
  const neighbour = await tenant('Fjällhus AB', 'owner@fjallhus.example');
  const attacker = await tenant('Tar All AB', 'owner@tarall.example');
  const books = await tenant('Tar All Library', 'library@tarall.example');
  const waiting = await tenant('Tar All Waiting', 'waiting@tarall.example');
  // Before its key is asked with for the first time.
  samtal.sql(`update app.api_keys set scopes = scopes || '{assistant.manage}' where tenant_id = '${uuid(waiting.id)}'`);
  for (const one of [neighbour, attacker, waiting]) await document(samtal, one);
  const { id } = await samtal.api(neighbour, 'POST', '/conversations', { contact: { name: 'Contact' } });
  await samtal.api(neighbour, 'POST', `/conversations/${id}/handoff`);
  for (let n = 0; n < LENGTH; n++) {
    const message = { text: `Message ${n} of a conversation that is read again and again.`, client_id: `m-${n}`, from: n % 2 ? 'agent' : 'contact' };
    await samtal.api(neighbour, 'POST', `/conversations/${id}/messages`, message);
  }
  library(samtal, books);
  samtal.sql('vacuum analyze');
  samtal.sql('checkpoint');
  const file = await asset(samtal, 'owner@tarall.example');
  const target = { url: samtal.url, key: attacker.key, widget: attacker.widget, library: books.key, waiting, asset: file };
  return { neighbour: { ...neighbour, conversation: id }, attackers: [attacker.id, waiting.id], target };
}
