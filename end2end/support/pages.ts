// Every page in every state worth looking at. Looks, widths and accessibility are checked on all of them, so a new page
// or state gets its line here and nowhere else.
import { type Page, chromium } from '@playwright/test';
import { withDevices } from './browser.ts';
import { begin, messages, program, remembered, say, step } from './conversations.ts';
import { addedLater, failed, learnt, measure, teach } from './documents.ts';
import { expect, hydrated, visit } from './fixtures.ts';
import { beginFactor, code, turnFactorOn } from './factor.ts';
import { makeKey } from './keys.ts';
import { enter, inStage, knock, leave, makeMeeting, row, tile, toggle } from './meetings.ts';
import { signInThere } from './provider.ts';
import { putPasskeys } from './device.ts';
import { type Person, fillSignIn, fillSignUp, join, openMenu, signUp, somebody } from './people.ts';
import type { Server } from './server.ts';

export type State = {
  name: string;
  /** Brings the page into this state. The page is nobody's until then; `person` has not signed up yet. */
  open: (page: Page, person: Person, server: Server) => Promise<void>;
  /** The browser itself reports pages that answer with an error. */
  status?: number;
};

const nobody = (path: string) => async (page: Page) => {
  await page.goto(path);
};

const member = (path: string, then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await visit(page, path);
  await then?.(page);
};

const keys = ['Website', 'Till in Umeå', 'Import of last year’s orders from the old shop'];

const withKeys = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  for (const name of keys) await makeKey(page.request, name);
  await visit(page, '/dashboard/api-keys');
  await expect(page.getByRole('table', { name: 'Keys' })).toContainText('Website');
  await then?.(page);
};

const documents = {
  'returns.md': '# Returns\n\nUnused goods may be sent back within 60 days of delivery.\n\n## Gift cards\n\nGift cards are never taken back.\n',
  'opening-hours-of-all-stores-and-of-the-warehouse-in-midsummer-week.txt': 'The store in Umeå is open from ten to seven.',
};

const withDocuments = (question = '') => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  for (const [name, text] of Object.entries(documents)) await teach(page.request, name, text);
  await learnt(page.request);
  await visit(page, `/dashboard/knowledge${question}`);
  await expect(page.getByRole('row', { name: /returns/ })).toContainText('Ready');
};

/** The page of the documents, where some of what was asked was not answered, and an answer is being written. */
const withGaps = (answer: string) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  const by = await program(page.request);
  for (const question of [
    'Do you ship to Norway?',
    'Where is my parcel? The order is 48213, https://fjallhus.example/orders/48213/a-very-long-address-without-any-place-to-break-it-in-two',
    'do you ship to norway',
  ]) {
    const id = await begin(page.request, by);
    await say(page.request, by, id, question);
    await expect.poll(async () => (await messages(page.request, by, id)).length).toBe(2);
  }
  await visit(page, '/dashboard/knowledge');
  const gap = page.locator('.asked > li').first();
  await gap.locator('summary').click();
  await gap.locator('textarea[name=answer]').fill(answer);
  if (answer.trim() === '') {
    await gap.locator('button').first().click();
    await expect(page.locator('.asked [aria-invalid]')).toBeVisible();
  }
};

/** A document, and conversations in every state. Gives their ids. */
async function busy(page: Page, person: Person) {
  await signUp(page.request, person);
  await teach(page.request, 'returns.md', documents['returns.md']);
  await learnt(page.request);
  const by = await program(page.request);
  const settled = await begin(page.request, by, 'Maja Öberg');
  await say(page.request, by, settled, 'Thanks, that was all.');
  await step(page.request, by, settled, 'resolve');
  const mine = await begin(page.request, by, 'Johan Wikström-Andersson af Ugglas');
  await say(page.request, by, mine, 'Can I talk to a person?');
  await page.request.post(`/dashboard/inbox/${mine}/take-over`);
  await page.request.post(`/dashboard/inbox/${mine}/messages`, { form: { text: 'Hello Johan, this is Astrid.\nWhat can I do for you?', client_id: 'a' } });
  await say(page.request, by, mine, 'My lamp has come without its cable. The order is 48213, https://fjallhus.example/orders/48213/a-very-long-address-without-any-place-to-break-it-in-two');
  const answered = await begin(page.request, by);
  await say(page.request, by, answered, 'Hello! How long can I send goods back?');
  const waiting = await begin(page.request, by, 'Elin Sjöberg');
  await say(page.request, by, waiting, 'The cart takes no gift card. Human please?');
  await step(page.request, by, waiting, 'handoff');
  return { by, settled, mine, answered, waiting };
}

/** The home page when much is to be done: more wait than fit there, and a document could not be read. */
const withMuch = async (page: Page, person: Person, server: Server) => {
  const { by } = await busy(page, person);
  for (const name of ['Nils Ek', 'Visitor with a very long name that does not fit on a phone', 'Olof Berg', 'Karin Dal', 'Per Lund']) {
    const id = await begin(page.request, by, name);
    await say(page.request, by, id, 'Is there anybody who can tell me where the parcel is that was sent on Monday, and when it will be here?');
    await step(page.request, by, id, 'handoff');
  }
  const broken = await teach(page.request, 'price-list-of-the-summer-for-resellers.md', 'Nothing yet.');
  await learnt(page.request);
  failed(server, broken);
  await visit(page, '/dashboard');
  await expect(page.getByRole('region', { name: 'Could not be read' })).toBeVisible();
};

/** The home page when all is done, and the first steps have been taken. */
const withNothing = async (page: Page, person: Person) => {
  const { by, mine, waiting } = await busy(page, person);
  for (const id of [mine, waiting]) await step(page.request, by, id, 'resolve');
  await visit(page, '/dashboard');
  await expect(page.getByText('Nobody waits')).toBeVisible();
};

/** Some conversations, and one of them open. */
const withConversations = (which: '' | 'answered' | 'waiting' | 'mine' | 'none', show = 'open', then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  const { answered, waiting, mine } = await busy(page, person);
  const id = { '': '', answered: `/${answered}`, waiting: `/${waiting}`, mine: `/${mine}`, none: '/conv_00000000000000000000000000000000' }[which];
  await visit(page, `/dashboard/inbox${id}?show=${show}`);
  await then?.(page);
};

/** Two teams, in one of which one is oneself. */
async function makeTeams(page: Page) {
  for (const name of ['Billing', 'Those who answer in midsummer week']) await page.request.post('/dashboard/teams', { form: { name } });
  const made = await (await page.request.get('/dashboard/teams')).text();
  // The last of them by name has the one who makes them in it.
  const [member, team] = [/option value="(mem_[0-9a-f]+)"/.exec(made)![1]!, [...made.matchAll(/teams\/(team_[0-9a-f]+)\/members"/g)].at(-1)![1]!];
  await page.request.post(`/dashboard/teams/${team}/members`, { form: { member } });
}

const withTeams = (then: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await makeTeams(page);
  await page.goto('/dashboard/teams');
  await then(page);
};

/** What an assistant may be like, as its form is sent. */
const like = {
  name: 'Astrid',
  called: 'Astrid of Fjällhus',
  tone: 'friendly',
  language: 'as_asked',
  grounding: 'strict',
  instruction: 'You are warm, and brief.',
  greeting: 'Hello, this is Astrid of Fjällhus. What would you like to know of our lamps, chairs and tables?',
  intent_name: 'Law',
  intent_examples: 'Can you give me legal advice?\nCan I sue you?',
  intent_then: 'refuse',
  intent_text: 'I do not talk about the law.',
};

/** One of several personalities, in its second version. */
const withPersonality = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await page.request.post('/dashboard/assistant/personalities', { form: { ...like, name: 'Astrid who answers in midsummer week and on winter nights' } });
  const made = await page.request.post('/dashboard/assistant/personalities', { form: like, maxRedirects: 0 });
  const own = made.headers()['location']!.split('?')[0]!;
  await page.request.post(own, { form: { ...like, version: '1', tone: 'brief', greeting: 'Astrid here.' } });
  await visit(page, own);
  await then?.(page);
};

/** The page of the assistant, with models, a budget and what was used. None of them is there to be asked. */
const withModels = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person, server: Server) => {
  await signUp(page.request, person);
  for (const [wire, name, key] of [
    ['openai', 'gpt-5-mini', 'sk-0123456789abcdef'],
    ['openai', 'a-model-of-our-own-with-a-long-name-that-stands-in-the-cellar-of-the-shop-in-umea:70b-instruct', ''],
  ] as const) {
    const form = { wire, name, key, address: 'https://models.example/v1', input: '0.25', output: '2.00' };
    await page.request.post('/dashboard/assistant', { form });
  }
  await page.request.post('/dashboard/assistant/budget', { form: { limit: '25', alert_at: '80' } });
  await page.request.post('/dashboard/assistant/personalities', { form: like });
  const mine = `tenant_id = (select tenant_id from app.memberships where email = '${person.email}')`;
  server.sql(`insert into app.model_days (tenant_id, day, model_id, name, calls, failures, input, cached, output, cost)
    select tenant_id, current_date - n, model_id, name, 10 + n, n % 3, 4000 * (1 + n % 7), 900, 300 * (1 + n % 5), 2500 * (1 + n % 7)
    from app.models, generate_series(0, 20) n where ${mine}`);
  server.sql(`update app.model_budgets set spent = 18400000 where ${mine}`);
  await visit(page, '/dashboard/assistant');
  await then?.(page);
};

/** The same, where a question was tried. No model is set, so the documents are quoted. */
const withQuestion = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await teach(page.request, 'returns.md', documents['returns.md']);
  await learnt(page.request);
  await visit(page, '/dashboard/assistant');
  await page.getByRole('textbox', { name: 'Question' }).fill('How long can I send goods back?');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page.locator('#answer')).toBeVisible();
  await then?.(page);
};

/** Two measurements of the assistant, the later one shown beside the earlier one. */
const withMeasurements = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await teach(page.request, 'returns.md', documents['returns.md']);
  await learnt(page.request);
  for (const days of ['90 days', '60 days']) {
    const rows = ['question,expected', `Within how many days may unused goods be sent back?,${days}`, 'Who was Napoleon?,no answer', 'Do you take gift cards back?,within a week'];
    await measure(page.request, `${days}.csv`, rows.join('\n'));
  }
  await visit(page, '/dashboard/assistant/evaluation');
  await page.getByRole('link', { name: '60 days.csv' }).click();
  await then?.(page);
};

/** The page of tools, with two of them. */
const withTools = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  const parameters = '{"type":"object","properties":{"order":{"type":"string"}},"required":["order"]}';
  for (const [name, address, header] of [
    ['order_status', 'https://shop.example/api/orders/{order}', 'X-Api-Key'],
    ['stock_of_every_lamp_that_there_is_in_the', 'https://a-shop-with-a-long-name-in-umea.example/stock/of/every/lamp/{order}', ''],
  ] as const) {
    const described = 'Says where an order is, and when it comes. Call it where somebody asks for an order and names its number.';
    const form = { name, description: described, method: 'get', address, parameters, header, secret: header && 'tk-0123456789', on: '1', in_conversations: header && '1' };
    await page.request.post('/dashboard/assistant/tools', { form });
  }
  await visit(page, '/dashboard/assistant/tools');
  await then?.(page);
};

const dialog = async (page: Page) => {
  await page.getByRole('button', { name: 'Revoke Website', exact: true }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
};

/** Asks somebody to join, where there is no mail server; the path of the link. */
async function invite(page: Page, email: string): Promise<string> {
  const answer = await (await page.request.post('/dashboard/members', { form: { email, role: 'agent' } })).text();
  return new URL(/<code id="link">([^<]+)/.exec(answer)![1]!).pathname;
}

/** Two meetings, one of which goes on. */
const withMeetings = async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await makeMeeting(page.request, { title: 'What is to be done about the lamps that have come without their cables, and by whom', starts_at: new Date(Date.now() + 30 * 86_400_000).toISOString() });
  await enter(page, await makeMeeting(page.request));
  await visit(page, '/dashboard/meetings');
};

/** The page of a meeting, which is nobody's until then. There is no camera here, and no microphone. */
const meeting = (then: (page: Page, path: string, person: Person) => Promise<void>, wishes: object = {}) => async (page: Page, person: Person) => {
  await signUp(page.request, person);
  await then(page, await makeMeeting(page.request, wishes), person);
};

/** A meeting with two others, who have a camera and a microphone: one is seen, the other one has turned both off and raised a hand. */
const withOthers = (then?: (page: Page) => Promise<void>) => async (page: Page, person: Person, server: Server) => {
  await signUp(page.request, person);
  const path = await makeMeeting(page.request);
  const browser = await chromium.launch(withDevices);
  page.context().once('close', () => void browser.close());
  await enter(page, path);
  const comes = async (name: string) => {
    const other = await (await browser.newContext({ baseURL: server.url })).newPage();
    await enter(other, path, name);
    return other;
  };
  await comes('Maja Öberg');
  const johan = await comes('Johan Wikström-Andersson af Ugglas');
  // That it plays is for meetings.spec.ts: here it is looked at.
  await expect(tile(page, 'Maja Öberg')).toBeVisible();
  for (const what of ['microphone', 'camera']) await expect(toggle(johan, what)).toHaveAttribute('aria-pressed', 'true');
  for (const key of ['m', 'v', 'h']) await johan.keyboard.press(key);
  for (const mark of ['[data-meet-muted]', '[data-meet-hand]']) await expect(tile(page, 'Johan').locator(mark)).toBeVisible();
  await expect(tile(page, 'Johan')).toHaveAttribute('data-meet-off', '');
  await then?.(page);
};

export const states: State[] = [
  { name: 'landing', open: nobody('/') },
  { name: 'api-docs', open: nobody('/api/docs') },
  { name: 'guide', open: nobody('/guide') },
  { name: 'guide-page', open: nobody('/guide/knowledge') },
  {
    name: 'landing-signed-in',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.goto('/');
    },
  },
  { name: 'login', open: nobody('/login') },
  {
    name: 'login-wrong',
    status: 422,
    open: async (page, person) => {
      await page.goto('/login');
      await fillSignIn(page, person);
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  { name: 'signup', open: nobody('/signup') },
  {
    name: 'login-provider-wrong',
    status: 422,
    open: async (page, person) => {
      await page.goto('/login');
      await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
      await signInThere(page, `unconfirmed.${person.email}`);
    },
  },
  {
    name: 'login-new',
    open: async (page, person) => {
      const { email } = person;
      await signUp(page.request, { ...person, email: `host.${email}` });
      await invite(page, email);
      await page.context().clearCookies();
      await page.goto('/login');
      await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
      await signInThere(page, email);
      await expect(page.getByRole('button', { name: /^Join/ })).toBeVisible();
    },
  },
  {
    name: 'login-link',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.context().clearCookies();
      await page.goto('/login');
      await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
      await signInThere(page, person.email);
    },
  },
  { name: 'signup-sent', open: nobody('/signup/sent') },
  { name: 'reset', open: nobody('/reset') },
  { name: 'reset-sent', open: nobody('/reset/sent') },
  {
    name: 'join',
    open: async (page, person) => {
      await signUp(page.request, person);
      const link = await invite(page, 'bo.ek@fjallhus.example');
      await page.context().clearCookies();
      await page.goto(link);
    },
  },
  {
    name: 'link-over',
    status: 422,
    open: async (page) => {
      await page.goto('/reset/0');
    },
  },
  {
    name: 'outbox',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.context().clearCookies();
      await page.request.post('/reset', { form: { email: person.email } });
      await expect(async () => {
        await page.goto('/outbox');
        await expect(page.getByText(person.email).first()).toBeVisible({ timeout: 500 });
      }).toPass();
    },
  },
  {
    name: 'signup-errors',
    status: 422,
    open: async (page, person) => {
      await page.goto('/signup');
      await page.locator('form.form').evaluate((form: HTMLFormElement) => (form.noValidate = true));
      await fillSignUp(page, { ...person, name: '', email: 'astrid@fjallhus', password: 'short' });
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  {
    name: 'workspace',
    open: async (page, person, server) => {
      const other = await signUp(page.request, somebody({ company: 'Nordic Wool Cooperative' + person.company.slice('Fjällhus'.length) }));
      await signUp(page.request, person);
      join(server, person, other);
      await page.context().clearCookies();
      await page.goto('/login');
      await fillSignIn(page, person);
      await expect(page).toHaveURL('/login/workspace');
    },
  },
  { name: 'dashboard-new', open: member('/dashboard') },
  { name: 'dashboard', open: withMuch },
  { name: 'dashboard-quiet', open: withNothing },
  { name: 'dashboard-menu', open: member('/dashboard', openMenu) },
  {
    name: 'dashboard-navigation',
    open: member('/dashboard/members', async (page) => {
      const button = page.getByRole('button', { name: 'Menu', exact: true });
      if (await button.isVisible()) await button.click();
    }),
  },
  { name: 'members', open: member('/dashboard/members') },
  {
    name: 'members-invited',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.goto('/dashboard/members');
      await page.getByLabel('Email').fill('bo.ek@fjallhus.example');
      await page.getByRole('button', { name: 'Invite' }).click();
      await expect(page.locator('#link')).toBeVisible();
    },
  },
  {
    name: 'members-change',
    open: async (page, person) => {
      await signUp(page.request, person);
      const link = await invite(page, `bo.${person.email}`);
      await page.request.post(link, { form: { name: 'Bo Ek', password: person.password } });
      await page.goto('/dashboard/members');
      await page.getByRole('button', { name: 'Change Bo Ek' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  },
  {
    name: 'members-suspended',
    open: async (page, person) => {
      await signUp(page.request, person);
      const link = await invite(page, `bo.${person.email}`);
      await page.request.post(link, { form: { name: 'Bo Ek', password: person.password } });
      await page.goto('/dashboard/members');
      await page.getByRole('button', { name: 'Change Bo Ek' }).click();
      await page.getByRole('button', { name: 'Suspend Bo Ek' }).click();
      await expect(page.locator('.badge', { hasText: 'Suspended' })).toBeVisible();
      await page.getByRole('button', { name: 'Change Bo Ek' }).click();
    },
  },
  { name: 'roles', open: member('/dashboard/roles', async (page) => page.getByText('What Agent may do').click()) },
  {
    name: 'roles-wrong',
    status: 422,
    open: async (page, person) => {
      await signUp(page.request, person);
      for (const title of ['Night shift', 'Those who answer in midsummer week']) {
        await page.request.post('/dashboard/roles', { form: { title, 'conversations.write': '1' } });
      }
      await page.goto('/dashboard/roles');
      await page.getByText('Change Night shift').click();
      await page.locator('details[open]').getByLabel('Name').fill('Agent');
      await page.getByRole('button', { name: 'Save Night shift' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  { name: 'teams-empty', open: member('/dashboard/teams') },
  { name: 'teams', open: withTeams(async (page) => page.getByText('Put somebody into Billing').click()) },
  {
    name: 'teams-wrong',
    status: 422,
    open: withTeams(async (page) => {
      await page.getByText('Change Billing').click();
      await page.locator('details[open]').getByLabel('Name').fill('Those who answer in midsummer week');
      await page.getByRole('button', { name: 'Save Billing' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  {
    name: 'teams-delete',
    open: withTeams(async (page) => {
      await page.getByText('Change Billing').click();
      await page.getByRole('button', { name: 'Delete Billing' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    }),
  },
  {
    name: 'members-last-owner',
    status: 409,
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.goto('/dashboard/members');
      await page.getByRole('button', { name: `Leave ${person.name}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  { name: 'account', open: member('/dashboard/account') },
  {
    name: 'account-linked',
    open: async (page, person) => {
      await page.goto('/login');
      await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
      await signInThere(page, person.email);
      await page.getByLabel('Company').fill(person.company);
      await page.getByRole('button', { name: 'Create workspace' }).click();
      await page.goto('/dashboard/account');
      await page.getByText('Unlink Nord-ID').click();
    },
  },
  {
    name: 'account-wrong',
    status: 422,
    open: async (page, person) => {
      await signUp(page.request, person);
      // In another browser, too.
      const { email, password } = person;
      const elsewhere = await page.context().browser()!.newContext({ baseURL: new URL((await page.request.get('/login')).url()).origin });
      await elsewhere.request.post('/login', { form: { email, password } });
      await elsewhere.close();
      await page.goto('/dashboard/account');
      await page.getByLabel('Your password now').fill('not this one at all');
      await page.getByLabel('New password').fill('another way to the harbour');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  { name: 'workspaces-one', open: member('/dashboard/workspaces') },
  {
    name: 'workspaces',
    open: async (page, person, server) => {
      const other = await signUp(page.request, somebody({ company: 'Nordic Wool Cooperative' + person.company.slice('Fjällhus'.length) }));
      await signUp(page.request, person);
      join(server, person, other);
      await visit(page, '/dashboard/workspaces');
    },
  },
  { name: 'audit-log', open: member('/dashboard/audit-log') },
  {
    name: 'audit-log-much',
    open: async (page, person) => {
      await signUp(page.request, person);
      for (const name of keys) await makeKey(page.request, name);
      await teach(page.request, 'returns.md', documents['returns.md']);
      const link = await invite(page, `bo.${person.email}`);
      await page.request.post(link, { form: { name: 'Bo Ek', password: person.password } });
      await visit(page, '/dashboard/audit-log');
    },
  },
  { name: 'audit-log-nothing', open: member('/dashboard/audit-log?act=password.reset&until=2001-01-01') },
  { name: 'audit-log-wrong', status: 422, open: member('/dashboard/audit-log?from=yesterday') },
  { name: 'code-off', open: member('/dashboard/account/code') },
  {
    name: 'code-begun',
    open: async (page, person) => {
      await signUp(page.request, person);
      await beginFactor(page, person.password);
    },
  },
  {
    name: 'code-once',
    open: async (page, person) => {
      await signUp(page.request, person);
      await turnFactorOn(page, person.password);
    },
  },
  {
    name: 'code-wrong',
    status: 422,
    open: async (page, person) => {
      await signUp(page.request, person);
      await turnFactorOn(page, person.password);
      await page.goto('/dashboard/account/code');
      await page.getByRole('textbox', { name: 'Code' }).fill('000000');
      await page.getByRole('button', { name: 'Turn it off' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  {
    name: 'login-code',
    open: async (page, person) => {
      await signUp(page.request, person);
      await turnFactorOn(page, person.password);
      await page.context().clearCookies();
      await page.goto('/login');
      await fillSignIn(page, person);
      await expect(page).toHaveURL('/login/code');
    },
  },
  {
    name: 'login-factor',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.request.post('/dashboard/settings', { form: { version: '0', name: person.company, second_factor: '1' } });
      await page.context().clearCookies();
      await page.goto('/login');
      await fillSignIn(page, person);
      await expect(page).toHaveURL('/login/factor');
    },
  },
  {
    name: 'login-factor-codes',
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.request.post('/dashboard/settings', { form: { version: '0', name: person.company, second_factor: '1' } });
      await page.context().clearCookies();
      await page.goto('/login');
      await fillSignIn(page, person);
      await page.getByLabel('Code').fill(code(await page.locator('#key').innerText()));
      await page.keyboard.press('Enter');
      await expect(page.locator('#codes li')).toHaveCount(10);
    },
  },
  // (At a number browsers know none, and the page says so.)
  {
    name: 'login-passkey',
    open: async (page) => {
      await page.goto('/login/passkey');
      await expect(page.getByRole('alert')).toContainText('alone. Open it there.');
    },
  },
  {
    name: 'login-code-passkey',
    open: async (page, person, server) => {
      await signUp(page.request, person);
      putPasskeys(server, person, ['Phone']);
      await page.context().clearCookies();
      await page.goto('/login');
      await fillSignIn(page, person);
      await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
    },
  },
  { name: 'passkeys-none', open: member('/dashboard/account/passkeys') },
  {
    name: 'passkeys',
    open: async (page, person, server) => {
      await signUp(page.request, person);
      putPasskeys(server, person, ['Phone', 'The laptop that stands in the warehouse of the shop in Umeå']);
      await page.goto('/dashboard/account/passkeys?done=added');
      await page.getByText('Remove Phone').click();
    },
  },
  {
    name: 'passkeys-wrong',
    status: 422,
    open: member('/dashboard/account/passkeys', async (page) => {
      await page.getByLabel('Name').fill('Phone');
      await page.locator('#password').fill('not this one at all');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  { name: 'login-company', open: nobody('/login/company') },
  { name: 'account-asked', open: member('/dashboard/account?done=asked', async (page) => page.getByText('Use another address').click()) },
  { name: 'sign-on', open: member('/dashboard/sign-on') },
  {
    name: 'sign-on-domains',
    status: 422,
    open: async (page, person) => {
      await signUp(page.request, person);
      for (const domain of ['fjallhus.example', 'the-warehouse-of-fjallhus-in-midsummer.example']) {
        await page.request.post('/dashboard/sign-on/domains', { form: { domain } });
      }
      await page.goto('/dashboard/sign-on');
      await page.getByLabel('Name', { exact: true }).fill('Fjällhus');
      await page.getByLabel('Issuer').fill('http://id.fjallhus.example');
      await page.getByLabel('Client ID').fill('samtal');
      await page.getByLabel('Your password').fill(person.password);
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  { name: 'assistant-new', open: member('/dashboard/assistant') },
  { name: 'assistant', open: withModels() },
  {
    name: 'assistant-usage',
    open: withModels(async (page) => {
      await page.goto('/dashboard/assistant/usage');
      await expect(page.getByRole('img', { name: 'What models cost on each day of' })).toBeVisible();
    }),
  },
  { name: 'assistant-table', open: withModels(async (page) => page.getByText('The same as a table').click()) },
  {
    name: 'assistant-remove',
    open: withModels(async (page) => {
      await page.getByRole('button', { name: 'Remove gpt-5-mini' }).first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
    }),
  },
  {
    name: 'assistant-wrong',
    status: 422,
    open: withModels(async (page) => {
      await page.getByText('Change gpt-5-mini').click();
      const form = page.locator('details[open]');
      await form.getByLabel('Address').fill('https://elsewhere.example/v1');
      await form.getByLabel('A million tokens asked').fill('much');
      await form.getByRole('button', { name: 'Save gpt-5-mini' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  { name: 'tools-new', open: member('/dashboard/assistant/tools') },
  { name: 'tools', open: withTools() },
  {
    name: 'tools-wrong',
    status: 422,
    open: withTools(async (page) => {
      await page.getByText('Change order_status').click();
      const form = page.locator('details[open]');
      await form.getByLabel('Address').fill('https://elsewhere.example/{order}');
      await form.getByRole('button', { name: 'Save order_status' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  { name: 'assistant-answer', open: withQuestion() },
  {
    name: 'assistant-receipt',
    open: withQuestion(async (page) => {
      await page.getByRole('link', { name: 'The receipt of this answer' }).click();
      await expect(page.getByRole('heading', { name: 'Receipt of an answer' })).toBeVisible();
    }),
  },
  {
    name: 'assistant-receipt-again',
    open: withQuestion(async (page) => {
      await page.getByRole('link', { name: 'The receipt of this answer' }).click();
      await page.getByRole('button', { name: 'Make this answer again' }).click();
      await expect(page.getByRole('heading', { name: 'Then and now' })).toBeVisible();
    }),
  },
  { name: 'assistant-receipts-none', open: member('/dashboard/assistant/receipts') },
  {
    name: 'assistant-receipts',
    open: withQuestion(async (page) => {
      const long = 'May I send back a lamp that I have had for longer than 60 days, if its shade of linen has a spot that was there when it came, and who pays for the parcel then, you or I?';
      await page.request.post('/dashboard/assistant/question', { form: { question: long } });
      await visit(page, '/dashboard/assistant/receipts');
      await expect(page.getByRole('table', { name: 'Receipts of answers' })).toContainText('May I send back a lamp');
    }),
  },
  { name: 'assistant-evaluation-new', open: member('/dashboard/assistant/evaluation') },
  {
    name: 'assistant-evaluation-wrong',
    status: 422,
    open: async (page, person) => {
      await signUp(page.request, person);
      await page.goto('/dashboard/assistant/evaluation');
      await page.getByLabel('File of questions').setInputFiles({ name: 'wrong.csv', mimeType: 'text/csv', buffer: Buffer.from('How long?') });
      await page.getByRole('button', { name: 'Ask these questions' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
  {
    name: 'assistant-evaluation',
    open: withMeasurements(async (page) => {
      await page.getByRole('button', { name: 'Compare' }).click();
      await expect(page.getByRole('table', { name: 'Beside an earlier one' })).toBeVisible();
    }),
  },
  { name: 'personalities-new', open: member('/dashboard/assistant/personalities') },
  { name: 'personalities', open: withPersonality(async (page) => visit(page, '/dashboard/assistant/personalities')) },
  { name: 'personality', open: withPersonality() },
  { name: 'personality-intent', open: withPersonality(async (page) => page.getByText('Intent 1: Law').click()) },
  {
    name: 'personality-delete',
    open: withPersonality(async (page) => {
      await page.getByRole('button', { name: 'Delete Astrid' }).first().click();
      await expect(page.getByRole('dialog')).toBeVisible();
    }),
  },
  {
    name: 'personality-wrong',
    status: 422,
    open: withPersonality(async (page) => {
      await page.getByText('Intent 1: Law').click();
      await page.getByLabel('How it is said, each example in a line of its own').first().fill('');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  { name: 'settings', open: member('/dashboard/settings') },
  {
    name: 'settings-versions',
    open: async (page, person) => {
      await signUp(page.request, person);
      for (const [version, name] of ['Fjällhus & Söner', 'Fjällhus', person.company].entries()) {
        const form = { version: String(version), name, idle_minutes: String(30 + version) };
        await page.request.post('/dashboard/settings', { form });
      }
      await page.goto('/dashboard/settings?done=saved');
      await page.getByText('The same as JSON').click();
    },
  },
  {
    name: 'settings-wrong',
    status: 422,
    open: member('/dashboard/settings', async (page) => {
      await page.getByLabel('Signed out when idle for (minutes)').fill('soon');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  {
    name: 'login-join',
    open: async (page, person) => {
      const { email } = person;
      await signUp(page.request, { ...person, email: `host.${email}` });
      const link = await invite(page, email);
      await page.context().clearCookies();
      await page.goto(link);
      await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
      await signInThere(page, email);
      await expect(page.getByRole('button', { name: /^Join/ })).toBeVisible();
    },
  },
  { name: 'keys-new', open: member('/dashboard/api-keys') },
  { name: 'keys', open: withKeys() },
  { name: 'keys-revoke', open: withKeys(dialog) },
  {
    name: 'keys-replace',
    open: withKeys(async (page) => {
      await page.getByRole('button', { name: 'Replace Website' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    }),
  },
  {
    name: 'keys-signs',
    open: member('/dashboard/api-keys', async (page) => {
      await page.getByLabel('What the key is for').fill('Website');
      await page.getByText('What it may do, for how long, and how it is used').click();
      await page.getByLabel('How it is used').selectOption('It signs every request');
      await page.getByRole('button', { name: 'Create key' }).click();
      await expect(page.locator('#keyid')).toBeVisible();
    }),
  },
  {
    name: 'keys-nothing',
    status: 422,
    open: withKeys(async (page) => {
      await page.getByText('What it may do, for how long, and how it is used').click();
      for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
      await page.getByLabel('What the key is for').fill('Newsletter');
      await page.getByRole('button', { name: 'Create key' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  {
    name: 'keys-once',
    open: withKeys(async (page) => {
      await page.getByLabel('What the key is for').fill('Newsletter');
      await page.getByRole('button', { name: 'Create key' }).click();
      await expect(page.locator('#secret')).toBeVisible();
      await expect(page.getByRole('table')).toContainText('Newsletter');
    }),
  },
  {
    name: 'keys-refused',
    status: 422,
    open: member('/dashboard/api-keys', async (page) => {
      await page.getByLabel('What the key is for').fill('   ');
      await page.getByRole('button', { name: 'Create key' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }),
  },
  { name: 'knowledge-new', open: member('/dashboard/knowledge') },
  { name: 'knowledge', open: withDocuments() },
  {
    name: 'knowledge-sent',
    status: 422,
    open: async (page, person, server) => {
      await signUp(page.request, person);
      const broken = await teach(page.request, 'prices.md', 'Nothing yet.');
      await learnt(page.request);
      failed(server, broken);
      await visit(page, '/dashboard/knowledge');
      const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
      await page.getByLabel('Choose files, or drop them here').setInputFiles([file('returns.md', documents['returns.md']), file('scan.pdf', '%PDF-1.7 nothing')]);
      await page.getByRole('button', { name: 'Upload' }).click();
      await expect(page.locator('.uploads')).toContainText('cannot be read yet');
      await expect(page.getByRole('row', { name: /returns/ })).toContainText('Ready');
      await expect(page.getByRole('row', { name: /prices/ })).toContainText('Could not be read');
    },
  },
  { name: 'knowledge-answer', open: withDocuments('?question=How+long+can+I+send+goods+back') },
  { name: 'knowledge-passages', open: withDocuments('?question=Within+how+many+days+may+godos+be+sent+back') },
  { name: 'knowledge-refusal', open: withDocuments('?question=Who+won+the+world+cup+in+1998') },
  { name: 'knowledge-by-name', open: withDocuments('?name=returns') },
  {
    name: 'knowledge-older',
    open: async (page, person, server) => {
      await signUp(page.request, person);
      const id = await teach(page.request, 'returns.md', documents['returns.md']);
      await learnt(page.request);
      addedLater(server, id, 50);
      await visit(page, '/dashboard/knowledge?before=doc_ffffffffffff4fffbfff000000000003');
    },
  },
  { name: 'knowledge-asked', open: withGaps('Yes, within a week.') },
  { name: 'knowledge-asked-wrong', status: 422, open: withGaps(' ') },
  { name: 'meetings-none', open: member('/dashboard/meetings') },
  { name: 'meetings', open: withMeetings },
  { name: 'meet-404', status: 404, open: nobody('/meet/aaaaa-aaaaa-aaaaa-aaaaa') },
  {
    name: 'meet-lobby',
    open: meeting(async (page, path) => {
      await page.goto(path);
      await expect(page.locator('[data-meet-devices-help]')).toBeVisible();
    }),
  },
  {
    // As in the page of another site, with its member a guest.
    name: 'meet-embedded',
    open: meeting(async (page, path) => {
      await page.goto(`/embed${path}`);
      await expect(page.locator('[data-meet-devices-help]')).toBeVisible();
    }),
  },
  {
    name: 'meet-waiting',
    open: meeting(
      async (page, path) => {
        await page.context().clearCookies();
        await knock(page, path, 'Kim');
        await inStage(page, 'waiting');
      },
      { waiting_room: true },
    ),
  },
  {
    name: 'meet-room',
    open: meeting(async (page, path) => {
      await enter(page, path);
      await toggle(page, 'people').click();
    }),
  },
  { name: 'meet-others', open: withOthers() },
  {
    name: 'meet-others-people',
    open: withOthers(async (page) => {
      await toggle(page, 'people').click();
      await expect(row(page, 'Maja Öberg')).toBeVisible();
    }),
  },
  {
    name: 'meet-chat',
    open: meeting(async (page, path) => {
      await enter(page, path);
      await toggle(page, 'chat').click();
      const field = page.locator('form[data-meet-say] textarea');
      for (const text of ['Hello, who is there?', 'The order is at https://fjallhus.example/orders/48213/a-very-long-address-without-any-place-to-break-it-in-two']) {
        await field.fill(text);
        await page.keyboard.press('Enter');
        await expect(page.locator('[data-meet-messages]')).toContainText(text);
      }
    }),
  },
  {
    name: 'meet-more',
    open: meeting(async (page, path) => {
      await enter(page, path);
      await page.locator('[data-meet-menu=more]').click();
    }),
  },
  {
    name: 'meet-over',
    open: meeting(async (page, path) => {
      await enter(page, path);
      await leave(page).click();
      await inStage(page, 'over');
    }),
  },
  { name: 'demo', open: nobody('/demo') },
  {
    name: 'demo-chat',
    open: async (page, person) => {
      await withDocuments()(page, person);
      await page.goto('/demo');
      await page.getByRole('button', { name: 'Chat' }).click();
      const chat = page.getByRole('dialog', { name: 'Chat' });
      for (const text of ['Within how many days may goods be sent back?', 'Who won the world cup in 1998?', 'Can I talk to a person?']) {
        const before = await chat.locator('.message.assistant, .message.system').count();
        await chat.getByRole('textbox', { name: 'Your message' }).fill(text);
        await chat.getByRole('button', { name: 'Send' }).click();
        await expect(chat.locator('.message.assistant, .message.system')).toHaveCount(before + 1);
      }
    },
  },
  { name: 'inbox-new', open: member('/dashboard/inbox') },
  { name: 'inbox', open: withConversations('') },
  { name: 'inbox-waiting-list', open: withConversations('', 'waiting') },
  { name: 'inbox-answered', open: withConversations('answered', 'open', async (page) => {
    await page.locator('.said__sources summary').first().click();
  }) },
  { name: 'inbox-waiting', open: withConversations('waiting') },
  { name: 'inbox-mine', open: withConversations('mine', 'mine') },
  {
    name: 'inbox-giving',
    open: withConversations('waiting', 'open', async (page) => {
      await makeTeams(page);
      await page.reload();
      await hydrated(page);
      await page.getByText('Give to a team').click();
    }),
  },
  {
    name: 'contact-facts',
    open: async (page, person, server) => {
      const { answered } = await busy(page, person);
      await page.request.post('/dashboard/settings', { form: { version: '0', name: person.company, remember_facts: '1' } });
      remembered(server, answered, ['lives in Umeå', 'has bought the lamp Norrsken-with-a-very-long-name-that-has-no-place-to-break-it-in-two, and two chairs for the kitchen']);
      await page.goto(`/dashboard/inbox/${answered}/facts`);
      await expect(page.getByText('lives in Umeå')).toBeVisible();
    },
  },
  { name: 'inbox-404', status: 404, open: withConversations('none') },
  { name: 'dashboard-404', status: 404, open: member('/dashboard/no-such-page') },
  { name: 'error-404', status: 404, open: nobody('/no-such-page') },
  {
    name: 'error-403',
    status: 403,
    open: async (page) => {
      const login = (await page.request.get('/login')).url();
      // Somebody else's page sends our form.
      await page.setContent(`<form method="post" action="${login}"><button>Win a lamp</button></form>`);
      await page.getByRole('button').click();
      await expect(page).toHaveURL('/login');
    },
  },
];
