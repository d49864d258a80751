// People for tests, and the two ways in: by the form, as a person does it, and by one request, where signing up is not
// what the test is about.
import { type APIRequestContext, type Page, expect } from '@playwright/test';
import { randomBytes } from 'node:crypto';
import type { Server } from './server.ts';

export type Person = { company: string; name: string; email: string; password: string };

const unique = () => randomBytes(5).toString('hex');

/** Somebody who has never been here. */
export function somebody(wishes: Partial<Person> = {}): Person {
  const mark = unique();
  return {
    company: `Fjällhus ${mark} AB`,
    name: `Astrid Lund ${mark}`,
    email: `astrid.${mark}@fjallhus.example`,
    password: `four lamps and ${mark}`,
    ...wishes,
  };
}

/** A person as screenshots show one: ordinary names. */
export function astrid(): Person {
  return somebody({ company: 'Fjällhus AB', name: 'Astrid Lund' });
}

/** Signs up by one request; the session is then in the context of `request`. */
export async function signUp(request: APIRequestContext, person: Person = somebody()): Promise<Person> {
  const { company, name, email, password } = person;
  const answer = await request.post('/signup', { form: { company, name, email, password }, maxRedirects: 0 });
  expect(answer.status(), await answer.text()).toBe(303);
  return person;
}

/** Fills the form in and sends it. */
export async function fillSignUp(page: Page, person: Person): Promise<void> {
  await page.getByLabel('Company').fill(person.company);
  await page.getByLabel('Your name').fill(person.name);
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Create workspace' }).click();
}

/** Fills the form in and sends it. */
export async function fillSignIn(page: Page, person: Pick<Person, 'email' | 'password'>): Promise<void> {
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
}

/** Signs out through the menu. */
export async function signOut(page: Page): Promise<void> {
  await openMenu(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
}

/** Opens the menu about oneself, on wide and narrow pages. */
export async function openMenu(page: Page): Promise<void> {
  await page.locator('button[popovertarget=me]').filter({ visible: true }).click();
  await expect(page.getByRole('region', { name: 'Your account' })).toBeVisible();
}

/** Makes a person a member where another one is, too: there are no invitations yet. */
export function join(server: Server, person: Person, other: Person): void {
  server.sql(
    `insert into app.memberships (tenant_id, member_id, person_id, name, email, role, created_at)
     select m.tenant_id, gen_random_uuid(), p.person_id, p.name, p.email, 'agent', now()
     from app.people p, app.memberships m where p.email = '${person.email}' and m.email = '${other.email}'`,
  );
}
