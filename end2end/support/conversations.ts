// Conversations for tests, begun and continued by a program of the company's, as over any channel.
import { type APIRequestContext, expect } from '@playwright/test';
import { makeKey } from './keys.ts';

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
