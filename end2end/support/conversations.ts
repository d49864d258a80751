// Conversations for tests, begun and continued by a program of the company's, as over any channel.
import { type APIRequestContext, expect } from '@playwright/test';
import { makeKey } from './keys.ts';
import type { Server } from './server.ts';

export type Program = { authorization: string };

/** A key of whoever is signed in. */
export async function program(request: APIRequestContext): Promise<Program> {
  return { authorization: `Bearer ${await makeKey(request, 'Channel')}` };
}

async function post(request: APIRequestContext, headers: Program, path: string, data: object = {}) {
  const answer = await request.post(`/api/v1/conversations${path}`, { headers, data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return answer.json();
}

/** Begins a conversation. Gives its id. */
export async function begin(request: APIRequestContext, by: Program, name?: string): Promise<string> {
  const { id } = await post(request, by, '', { contact: { name } });
  return id;
}

let said = 0;

/** Somebody says something: the contact, or the company over the interface. */
export async function say(request: APIRequestContext, by: Program, id: string, text: string, from = 'contact') {
  said += 1;
  return post(request, by, `/${id}/messages`, { text, from, client_id: `test-${said}` });
}

/** Asks for a person, hands back, resolves. */
export const step = (request: APIRequestContext, by: Program, id: string, what: 'handoff' | 'handback' | 'resolve') =>
  post(request, by, `/${id}/${what}`);

/** The messages of a conversation. */
export async function messages(request: APIRequestContext, by: Program, id: string) {
  const answer = await request.get(`/api/v1/conversations/${id}/messages?limit=200`, { headers: by });
  return (await answer.json()).data as { seq: number; from: string; text: string; event: string | null }[];
}

/** Has the assistant remember of a conversation's contact that they said this, in its first message. */
export function remembered(server: Server, id: string, facts: string[]): void {
  for (const [n, fact] of facts.entries()) {
    server.sql(`insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
      select tenant_id, gen_random_uuid(), contact_id, conversation_id, 1, '${fact}', created_at + interval '${n} seconds'
      from app.conversations where conversation_id = '${id.replace('conv_', '')}'`);
  }
}
