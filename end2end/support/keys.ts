// Keys for tests, made by the form of their page, where making one is not what the test is about.
import { type APIRequestContext, expect } from '@playwright/test';

/** Makes a key of whoever is signed in. Gives its secret. */
export async function makeKey(request: APIRequestContext, name: string): Promise<string> {
  const answer = await request.post('/dashboard/api-keys', { form: { name } });
  const html = await answer.text();
  expect(answer.status(), html).toBe(200);
  return /smt_[0-9a-f]{48}/.exec(html)![0];
}

/** The ids of the keys that can be revoked, the newest first. */
export async function keyIds(request: APIRequestContext): Promise<string[]> {
  const html = await (await request.get('/dashboard/api-keys')).text();
  return [...html.matchAll(/ id="revoke-(key_[0-9a-f]{32})"/g)].map((match) => match[1]!);
}
