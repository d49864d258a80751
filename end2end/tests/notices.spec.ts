// What waits, and who answers: told on every page of the dashboard, and on the desktop where one wants that.
import { begin, program, say, step } from '../support/conversations.ts';
import { expect, test } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

type Shown = { title: string; body: string };

test('on any page the number of those who wait stands beside the inbox and in the title, in every tab', async ({ page, context }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(page.request, by, 'Elin Sjöberg');
  const other = await context.newPage();
  const count = (tab: typeof page) => tab.locator('#nav-waiting');
  await page.goto('/dashboard/members');
  await other.goto('/dashboard/settings');
  await expect(count(page)).toBeHidden();
  await expect(page).toHaveTitle(/^Members/);
  await step(page.request, by, id, 'handoff');
  for (const tab of [page, other]) {
    await expect(count(tab)).toHaveText('1 need a person');
    await expect(tab).toHaveTitle(/^\(1\) /);
  }
  await step(other.request, by, id, 'handback');
  await expect(count(other)).toBeHidden();
  await expect(other).toHaveTitle(/^Settings/);
  await step(other.request, by, id, 'handoff');
  await other.goto('/dashboard/account');
  await expect(count(other), 'as the page was made').toHaveText('1 need a person');
});

test('a sound is played where it was asked for, and a notice is not', async ({ page, context, complaints }) => {
  // A page that nobody has pressed anything on yet.
  complaints.expect(/AudioContext was not allowed to start/);
  // Nobody hears what a browser in a test plays: what it would play is counted.
  await context.addInitScript(() => {
    const heard = { tones: 0, notices: 0 };
    class Notice {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor() {
        heard.notices++;
      }
    }
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (when) {
      heard.tones++;
      return start.call(this, when);
    };
    Object.defineProperty(AudioContext.prototype, 'state', { get: () => 'running' });
    Object.assign(globalThis, { Notification: Notice, heard });
  });
  await signUp(page.request);
  const by = await program(page.request);
  const [elin, maja] = [await begin(page.request, by, 'Elin'), await begin(page.request, by, 'Maja')];
  const heard = () => page.evaluate(() => (globalThis as unknown as { heard: { tones: number; notices: number } }).heard);
  const looksAway = () =>
    page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
  const count = page.locator('#nav-waiting');
  await page.goto('/dashboard/account');
  await page.getByLabel('Play a sound').check();
  await page.reload();
  await expect(page.getByLabel('Play a sound')).toBeChecked();
  await step(page.request, by, elin, 'handoff');
  await expect(count).toHaveText('1 need a person');
  expect(await heard(), 'one looks at it').toEqual({ tones: 0, notices: 0 });
  await looksAway();
  await step(page.request, by, maja, 'handoff');
  await expect.poll(heard).toEqual({ tones: 1, notices: 0 });
});

test('a notice of the desktop comes when one looks at something else, and where it was asked for', async ({ page, context }) => {
  await context.grantPermissions(['notifications']);
  // A browser that nobody sees shows none: what it would show is written down.
  await context.addInitScript(() => {
    const shown: Shown[] = [];
    type Shown = { title: string; body: string };
    class Told {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      constructor(title: string, { body }: { body: string }) {
        shown.push({ title, body });
      }
    }
    Object.assign(globalThis, { Notification: Told, shown });
  });
  await signUp(page.request);
  const by = await program(page.request);
  const [elin, maja] = [await begin(page.request, by, 'Elin'), await begin(page.request, by, 'Maja')];
  const shown = () => page.evaluate(() => (globalThis as unknown as { shown: Shown[] }).shown);
  const looks = (away: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, away);
  const count = page.locator('#nav-waiting');
  await page.goto('/dashboard/account');
  await page.getByLabel('Show a notice on the desktop').check();
  await page.reload();
  await expect(page.getByLabel('Show a notice on the desktop')).toBeChecked();

  await say(page.request, by, elin, 'Is anybody there?');
  await step(page.request, by, elin, 'handoff');
  await expect(count).toHaveText('1 need a person');
  expect(await shown(), 'one looks at it').toEqual([]);
  await looks(true);
  await say(page.request, by, maja, 'A person, please');
  await expect.poll(shown).toEqual([{ title: 'Maja waits for a person', body: 'A person, please' }]);
  // What is one's own: each answer; what somebody else writes there is none.
  await page.request.post(`/dashboard/inbox/${elin}/take-over`);
  await expect(count).toHaveText('1 need a person');
  await say(page.request, by, elin, 'I am still here');
  await expect.poll(shown).toHaveLength(2);
  expect((await shown())[1]).toEqual({ title: 'Elin', body: 'I am still here' });
  await looks(false);
  await say(page.request, by, elin, 'Hello?');
  await page.getByLabel('Show a notice on the desktop').uncheck();
  await looks(true);
  await say(page.request, by, elin, 'Is that all?');
  await step(page.request, by, maja, 'handback');
  await expect(count).toBeHidden();
  expect(await shown()).toHaveLength(2);
});
