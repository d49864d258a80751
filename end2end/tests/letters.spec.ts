// Letters by mail, taken by a real mail server: who signs up confirms the address, who has lost a password gets a new one.
import { expect, test as base } from '../support/fixtures.ts';
import { Mailbox, link } from '../support/mailbox.ts';
import { fillSignIn, fillSignUp, signUp, somebody } from '../support/people.ts';
import type { Server } from '../support/server.ts';

const test = base.extend<{ mailbox: Mailbox; sends: Server }>({
  mailbox: async ({}, use) => {
    const mailbox = await Mailbox.start();
    await use(mailbox);
    mailbox.stop();
  },
  /** A server that sends its letters there. */
  sends: async ({ mailbox, startServer }, use) => use(await startServer(mailbox.settings)),
  baseURL: async ({ sends }, use) => use(sends.url),
});

test('a workspace opens by the link of the letter and the password that was chosen with it', async ({ page, mailbox, newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422/);
  const person = somebody();
  await page.goto('/signup');
  await fillSignUp(page, person);
  await expect(page).toHaveURL('/signup/sent');
  await expect(page.getByRole('heading', { name: 'Check your email' })).toBeVisible();
  const mail = await mailbox.next();
  expect([mail.to, mail.subject]).toEqual([[person.email], 'Confirm your address']);

  // The password alone opens nothing yet.
  await page.goto('/login');
  await fillSignIn(page, person);
  await expect(page.getByRole('alert')).toContainText('If you have just signed up, open the link in your mail first.');

  // On a phone, without code. Programs that read mail open links, too: that does nothing.
  const phone = await newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const letter = await phone.newPage();
  await letter.goto(link(mail));
  await letter.reload();
  await expect(letter.getByText(person.email)).toBeVisible();
  await letter.getByLabel('Password').fill('not the one that was chosen');
  await letter.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(letter.getByRole('alert')).toContainText('not right');
  await letter.getByLabel('Password').fill(person.password);
  await letter.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(letter).toHaveURL('/dashboard');
  // Opened once more, it says so.
  await letter.goto(link(mail));
  await expect(letter.getByRole('heading', { name: 'This link is over' })).toBeVisible();

  await fillSignIn(page, person);
  await expect(page).toHaveURL('/dashboard');
});

test('who has lost a password gets a new one; everybody who was signed in is out', async ({ page, mailbox, sends, newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422|WebSocket connection/);
  // Somebody whose address is confirmed.
  const person = somebody();
  await signUp(page.request, person);
  await page.goto(link(await mailbox.next()));
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Confirm and sign in' }).click();
  await expect(page).toHaveURL('/dashboard');
  await page.context().clearCookies();
  // In another browser the inbox is open.
  const elsewhere = await (await newContext()).newPage();
  await elsewhere.goto('/dashboard/inbox');
  await fillSignIn(elsewhere, person);
  await expect(elsewhere.getByRole('heading', { name: 'Nobody has written yet' })).toBeVisible();

  await page.goto('/login');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByLabel('Email').fill(person.email.toUpperCase());
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/reset/sent');
  const mail = await mailbox.next();
  expect(mail.subject).toBe('Choose a new password');
  await page.goto(link(mail));
  await page.getByLabel('New password').fill('short');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Use at least 10 characters.').last()).toBeVisible();
  await page.getByLabel('New password').fill('another way to the harbour');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toHaveText('Your password has been changed. Sign in with the new one.');
  // At once, without anybody touching that page.
  await expect(elsewhere.getByText('You are signed out.')).toBeVisible();
  expect((await mailbox.next()).subject).toBe('Your password was changed');

  await fillSignIn(page, person);
  await expect(page.getByRole('alert')).toContainText('not right');
  await fillSignIn(page, { ...person, password: 'another way to the harbour' });
  await expect(page).toHaveURL('/dashboard');
  // The link is worth nothing any more, and stands in no log.
  await page.goto(link(mail));
  await expect(page.getByRole('link', { name: 'Ask for a new one' })).toHaveAttribute('href', '/reset');
  const token = new URL(link(mail)).pathname.split('/')[2]!;
  expect(sends.stderr + sends.stdout).not.toContain(token);
  expect(sends.stderr + sends.stdout).not.toContain(person.email);
});

test('a taken address is answered like any other', async ({ page, mailbox }) => {
  const person = somebody();
  const answers: string[] = [];
  for (const _ of [1, 2]) {
    await page.goto('/signup');
    await fillSignUp(page, person);
    await expect(page).toHaveURL('/signup/sent');
    answers.push(await page.getByRole('main').innerText());
  }
  expect(answers[0]).toBe(answers[1]);
  expect([(await mailbox.next()).subject, (await mailbox.next()).subject]).toEqual(['Confirm your address', 'Your workspace waits for you']);
});

base('without a mail server, who develops reads letters in the outbox', async ({ page }) => {
  const person = await signUp(page.request);
  await page.context().clearCookies();
  await page.goto('/reset');
  await page.getByLabel('Email').fill(person.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('link', { name: 'outbox' }).click();
  const letter = page.getByRole('listitem').filter({ hasText: person.email });
  // The job that sends it may take a moment.
  await expect(async () => {
    await page.reload();
    await expect(letter).toContainText('Choose a new password', { timeout: 500 });
  }).toPass();
  await letter.getByRole('link', { name: 'Open its link' }).click();
  await expect(page.getByRole('heading', { name: 'Choose a new password' })).toBeVisible();
});
