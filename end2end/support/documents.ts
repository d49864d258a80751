// Documents for tests, sent by one request, where sending them is not what the test is about.
import { type APIRequestContext, expect } from '@playwright/test';
import type { Server } from './server.ts';

const HERE = '/dashboard/knowledge';

/** Sends a document of whoever is signed in. Gives its id. */
export async function teach(request: APIRequestContext, name: string, text: string): Promise<string> {
  const file = { name, mimeType: 'text/plain', buffer: Buffer.from(text) };
  const answer = await request.post(HERE, { multipart: { file }, headers: { accept: 'application/json' } });
  expect(answer.status(), await answer.text()).toBe(202);
  return (await answer.json())[0].id;
}

/** Waits until all documents have been read. */
export async function learnt(request: APIRequestContext): Promise<void> {
  await expect.poll(async () => (await request.get(HERE)).text()).not.toContain('data-changing');
}

/** Has the assistant asked the questions of a file, and waits until all were asked. */
export async function measure(request: APIRequestContext, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'text/csv', buffer: Buffer.from(text) };
  const answer = await request.post('/dashboard/assistant/evaluation', { multipart: { file } });
  expect(answer.status(), await answer.text()).toBe(200);
  const run = new URL(answer.url()).pathname;
  await expect.poll(async () => (await request.get(run)).text()).not.toContain('Show how far it is');
}

/** Makes a document one that could not be read: none is broken enough by itself. */
export function failed(server: Server, id: string): void {
  const uuid = id.replace('doc_', '');
  server.sql(`update app.documents set state = 'failed', error = 'The document could not be cut into pieces.', chunk_count = 0 where document_id = '${uuid}'`);
}

/** Puts so many documents before one that is there, as if they had been added later: they are called like it, with a number. */
export function addedLater(server: Server, id: string, count: number): void {
  const columns = 'file_name, kind, markdown, language, byte_size, sha256, state, chunk_count, by_meaning, created_at, updated_at';
  server.sql(`insert into app.documents (tenant_id, document_id, title, ${columns})
    select tenant_id, ('ffffffff-ffff-4fff-bfff-' || lpad(to_hex(n), 12, '0'))::uuid, title || ' ' || n, ${columns}
    from app.documents, generate_series(1, ${count}) n where document_id = '${id.replace('doc_', '')}'`);
}
