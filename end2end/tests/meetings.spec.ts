// A meeting, as people have it: in real browsers, with pictures and sounds that really arrive.
import type { Locator, Page } from '@playwright/test';
import { withDevices } from '../support/browser.ts';
import { expect, test } from '../support/fixtures.ts';
import { expectAccessible, expectNoSidewaysScroll } from '../support/looks.ts';
import {
  alert,
  enter,
  heard,
  hush,
  inStage,
  knock,
  leave,
  makeMeeting,
  notice,
  order,
  pictures,
  plays,
  pressSoundOnly,
  row,
  stage,
  tile,
  toggle,
  watched,
} from '../support/meetings.ts';
import { signUp, somebody } from '../support/people.ts';

test.use({ launchOptions: withDevices });
test.describe.configure({ timeout: 120_000 });

/** A host, who is signed in and in the room, and the path of the meeting. */
async function hosted(page: Page, wishes: object = {}) {
  const person = await signUp(page.request, somebody());
  const path = await makeMeeting(page.request, wishes);
  await enter(page, path);
  return { path, host: person.name };
}

test('three people see and hear each other', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const [anna, kim] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await enter(anna, path, 'Anna Berg');
  await enter(kim, path, 'Kim');
  for (const [who, others] of [[page, ['Anna Berg', 'Kim']], [anna, [host, 'Kim']], [kim, [host, 'Anna Berg']]] as const) {
    for (const other of others) await plays(tile(who, other));
    await expect(who.locator('figure[data-meet-source]')).toHaveCount(2);
    await expect.poll(() => heard(who), { timeout: 30_000 }).toBe(2);
  }
  // Who leaves is gone for the others.
  await leave(kim).click();
  await inStage(kim, 'over');
  await expect(tile(page, 'Kim')).toHaveCount(0);
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
});

test('a shared screen is the large picture of the others, until it ends', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(anna, host));
  await toggle(page, 'screen').click();
  // As long as it goes on, its button says what ends it.
  await expect(toggle(page, 'screen')).toHaveAttribute('data-meet-on', '');
  await expect(toggle(page, 'screen')).toHaveAccessibleName('Stop sharing');
  await plays(tile(anna, host, 'screen'));
  await expect(tile(anna, host, 'screen')).toHaveAttribute('data-meet-main', '');
  // Another one beside it is possible, and told.
  await toggle(anna, 'screen').click();
  await expect(notice(anna)).toContainText(host);
  await plays(tile(page, 'Anna Berg', 'screen'));
  await anna.keyboard.press('s');
  await expect(tile(page, 'Anna Berg', 'screen')).toHaveCount(0);
  // A host stops it, and the camera goes on.
  await anna.keyboard.press('s');
  await plays(tile(page, 'Anna Berg', 'screen'));
  await toggle(page, 'people').click();
  await row(page, 'Anna Berg').locator('[data-meet-do=stop_screen]').click();
  await expect(toggle(anna, 'screen')).not.toHaveAttribute('data-meet-on');
  await expect(toggle(anna, 'screen')).toHaveAccessibleName('Share the screen');
  await expect(tile(page, 'Anna Berg', 'screen')).toHaveCount(0);
  await expect(row(page, 'Anna Berg').locator('[data-meet-do=stop_screen]')).toBeHidden();
  await expect(toggle(anna, 'camera')).toHaveAttribute('aria-pressed', 'true');
  await toggle(page, 'screen').click();
  await expect(tile(anna, host, 'screen')).toHaveCount(0);
  await plays(tile(anna, host));
});

test('what is on is seen by the others, by mouse and by key', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(page, 'Anna Berg'));
  const muted = tile(page, 'Anna Berg').locator('[data-meet-muted]');
  await expect(muted).toBeHidden();
  await anna.keyboard.press('m');
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'false');
  await expect(muted).toBeVisible();
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(0);
  await toggle(anna, 'microphone').click();
  await expect(muted).toBeHidden();
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
  await anna.keyboard.press('v');
  await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
  await anna.keyboard.press('v');
  await plays(tile(page, 'Anna Berg'));
  await anna.keyboard.press('h');
  await expect(tile(page, 'Anna Berg').locator('[data-meet-hand]')).toBeVisible();
  await anna.keyboard.press('h');
  await expect(tile(page, 'Anna Berg').locator('[data-meet-hand]')).toBeHidden();
  await anna.keyboard.press('c');
  const field = anna.locator('form[data-meet-say] textarea');
  await expect(field).toBeFocused();
  await anna.keyboard.type('m v h');
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'true');
  await anna.keyboard.press('Escape');
  await expect(field).toBeHidden();
  await expect(toggle(anna, 'chat')).toBeFocused();
});

test('what is written is text for all, and for who comes later', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  await toggle(page, 'chat').click();
  const field = page.locator('form[data-meet-say] textarea');
  await field.fill('<img src=x onerror=alert(1)> see https://fjallhus.example/lamps.');
  await page.keyboard.press('Enter');
  const lines = (who: Page) => who.locator('[data-meet-messages] > li');
  await expect(lines(page)).toHaveCount(1);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await toggle(anna, 'chat').click();
  await expect(lines(anna).locator('[data-meet-text]')).toHaveText('<img src=x onerror=alert(1)> see https://fjallhus.example/lamps.');
  await expect(lines(anna).getByRole('link')).toHaveAttribute('href', 'https://fjallhus.example/lamps');
  await expect(lines(anna).locator('time')).toHaveText(/^([01]\d|2[0-3]):[0-5]\d$/);
  await toggle(page, 'chat').click();
  await anna.locator('form[data-meet-say] textarea').fill('Thanks');
  await anna.keyboard.press('Enter');
  await expect(toggle(page, 'chat')).toHaveAttribute('data-meet-number', '1');
  await toggle(page, 'chat').click();
  await expect(lines(page)).toHaveCount(2);
  await expect(toggle(page, 'chat')).not.toHaveAttribute('data-meet-number');
  await anna.locator('[data-meet-menu="reactions"]').click();
  await anna.locator('[data-meet-reaction-list] [data-meet-react="👏"]').click();
  await expect(page.locator('[data-meet-reactions]')).toContainText('Anna Berg');
});

test('a host mutes, takes out, locks and ends', async ({ page, newContext, complaints }) => {
  complaints.expect(/status of 40[39]/);
  const { path } = await hosted(page);
  const [anna, kim] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await enter(anna, path, 'Anna Berg');
  await enter(kim, path, 'Kim');
  await anna.locator('[data-meet-menu=more]').click();
  await expect(anna.locator('[data-meet-more] [data-meet-copy]')).toBeVisible();
  await expect(order(anna, 'lock')).toBeHidden();
  await anna.keyboard.press('Escape');
  await toggle(page, 'people').click();
  await row(page, 'Anna Berg').locator('[data-meet-do=mute]').click();
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'false');
  await expect(row(page, 'Anna Berg').locator('[data-meet-do=mute]')).toBeHidden();
  await row(page, 'Anna Berg').locator('[data-meet-do=stop_video]').click();
  await expect(toggle(anna, 'camera')).toHaveAttribute('aria-pressed', 'false');
  // A question first, and no is no.
  const confirm = page.locator('[data-meet-confirm]');
  await row(page, 'Kim').locator('[data-meet-do=remove]').click();
  await expect(confirm.getByRole('heading')).toHaveText('Take Kim out of the meeting?');
  await expect(confirm.getByRole('button')).toHaveText(['Cancel', 'Take out']);
  await confirm.locator('button[value=no]').click();
  await expect(row(page, 'Kim')).toBeVisible();
  await row(page, 'Kim').locator('[data-meet-do=remove]').click();
  await confirm.locator('button[value=yes]').click();
  await inStage(kim, 'over');
  await expect(row(page, 'Kim')).toHaveCount(0);
  await expect(kim.locator('[data-meet-again]')).toBeHidden();
  // Locked, nobody new comes in.
  await page.locator('[data-meet-menu=more]').click();
  await order(page, 'lock').click();
  await expect(anna.locator('[data-meet-locked]')).toBeVisible();
  const late = await (await newContext()).newPage();
  await knock(late, path, 'Late');
  await expect(alert(late)).toHaveText('The meeting is locked: nobody new comes in. Ask a host to unlock it, then try again.');
  await inStage(late, 'lobby');
  await page.locator('[data-meet-menu=more]').click();
  await order(page, 'end').click();
  await expect(confirm.getByRole('heading')).toHaveText('End the meeting for everybody?');
  await expect(confirm.getByRole('button')).toHaveText(['Cancel', 'End for everybody']);
  await confirm.locator('button[value=yes]').click();
  await inStage(page, 'over');
  await inStage(anna, 'over');
});

test('who is alone sends the link, and leaving is told whether others are still there', async ({ page, newContext }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone']);
  const { path } = await hosted(page, { waiting_room: true });
  // Whoever began it is told nothing that they know.
  await expect(notice(page)).toHaveText('');
  const alone = page.locator('[data-meet-alone]');
  await alone.getByRole('button', { name: 'Copy the link' }).click();
  await expect(notice(page)).toHaveText('The link was copied.');
  expect(new URL(await page.evaluate(() => navigator.clipboard.readText())).pathname).toBe(path);
  // Below the head it covers nothing of that.
  const [head, said] = [await page.locator('.meet__head').boundingBox(), await notice(page).boundingBox()];
  expect(head && said && said.y >= head.y + head.height, JSON.stringify({ head, said })).toBe(true);
  const over = page.locator('[data-meet-over]');
  await leave(page).click();
  await expect(over).toHaveText('You can come back until it is over.');
  await expect(page.locator('[data-meet-back]')).toHaveText('Back to meetings');
  await enter(page, path);
  // Somebody comes: they are let in by the notice that says so.
  const anna = await (await newContext()).newPage();
  await knock(anna, path, 'Anna Berg');
  await inStage(anna, 'waiting');
  await expect(alone).toBeHidden();
  await notice(page).getByRole('button', { name: 'Let in: Anna Berg' }).click();
  await inStage(anna, 'room');
  await expect(tile(page, 'Anna Berg')).toBeVisible();
  await leave(page).click();
  await expect(over).toHaveText('The others are still there. You can come back.');
});

test('who waits is let in, or not', async ({ page, newContext }) => {
  const { path } = await hosted(page, { waiting_room: true });
  const [anna, kim] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await knock(anna, path, 'Anna Berg');
  await inStage(anna, 'waiting');
  await expect(tile(page, 'Anna Berg')).toHaveCount(0);
  await expect(notice(page)).toContainText('Anna Berg');
  await toggle(page, 'people').click();
  await row(page, 'Anna Berg').locator('[data-meet-do=admit]').click();
  await inStage(anna, 'room');
  await plays(tile(page, 'Anna Berg'));
  await knock(kim, path, 'Kim');
  await inStage(kim, 'waiting');
  await expect(toggle(page, 'people')).toHaveAttribute('data-meet-waits', '');
  await toggle(anna, 'people').click();
  await expect(row(anna, 'Kim')).toHaveCount(0);
  await row(page, 'Kim').locator('[data-meet-do=refuse]').click();
  await inStage(kim, 'over');
});

test('who waited and is known no more asks again in the lobby, whether the line was cut or the page loaded again', async ({
  page,
  newContext,
  server,
  complaints,
}) => {
  complaints.expect(/status of 422/);
  const { path } = await hosted(page, { waiting_room: true });
  await toggle(page, 'people').click();
  const kim = await (await newContext()).newPage();
  let cut: () => void = () => undefined;
  await kim.routeWebSocket(/\/ws\/meet/, (socket) => {
    const server = socket.connectToServer();
    cut = () => {
      void server.close();
      void socket.close({ code: 1012 });
    };
  });
  const lobby = kim.locator('[data-meet-section="lobby"]');
  await knock(kim, path, 'Kim Strand');
  for (const back of [async () => cut(), async () => void (await kim.reload())]) {
    await inStage(kim, 'waiting');
    // (Who they were before is gone after a moment.)
    await expect(row(page, 'Kim Strand')).toHaveCount(1, { timeout: 30_000 });
    // As it is when somebody else has asked, more than eleven minutes after they were seen last.
    server.sql("delete from app.meeting_people where name = 'Kim Strand'");
    await back();
    await expect(stage(kim)).toHaveAttribute('data-meet-stage', 'lobby', { timeout: 30_000 });
    await expect(alert(kim)).toHaveText('You were away for long and are not waiting any more. Press the button to ask again.');
    await expect(lobby.locator('[data-meet-error="name"]')).toBeHidden();
    await expect(lobby.locator('input[name=name]')).toHaveValue('Kim Strand');
    expect(await kim.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
    await lobby.locator('input[name=consent]').check();
    await lobby.locator('[data-meet-enter]').click();
  }
  await inStage(kim, 'waiting');
  await expect(row(page, 'Kim Strand')).toHaveCount(1, { timeout: 30_000 });
  await row(page, 'Kim Strand').locator('[data-meet-do=admit]').click();
  await inStage(kim, 'room');
  await plays(tile(page, 'Kim Strand'));
});

test('a viewer sees and hears, and becomes a speaker', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(page, 'Anna Berg'));
  await toggle(page, 'people').click();
  await row(page, 'Anna Berg').locator('[data-meet-do=viewer]').click();
  await expect(toggle(anna, 'camera')).toHaveAttribute('aria-pressed', 'false');
  await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
  await plays(tile(anna, host));
  await row(page, 'Anna Berg').locator('[data-meet-do=speaker]').click();
  await expect(row(page, 'Anna Berg').locator('[data-meet-do=viewer]')).toBeVisible();
  await toggle(anna, 'camera').click();
  await plays(tile(page, 'Anna Berg'));
});

test('a line that is cut comes back by itself, and what was written meanwhile goes out', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  let cut: () => void = () => undefined;
  let lines = 0;
  await anna.routeWebSocket(/\/ws\/meet/, (socket) => {
    const server = socket.connectToServer();
    lines += 1;
    cut = () => {
      void server.close();
      void socket.close({ code: 1012 });
    };
  });
  await enter(anna, path, 'Anna Berg');
  await plays(tile(anna, host));
  await toggle(anna, 'chat').click();
  cut();
  await expect(alert(anna)).toBeVisible();
  await anna.locator('form[data-meet-say] textarea').fill('Am I heard?');
  await anna.keyboard.press('Enter');
  await expect(alert(anna)).toBeHidden();
  expect(lines).toBe(2);
  await plays(tile(anna, host));
  await plays(tile(page, 'Anna Berg'));
  await toggle(page, 'chat').click();
  await expect(page.locator('[data-meet-messages] [data-meet-text]')).toHaveText(['Am I heard?']);
});

test('a server that restarts has everybody back', async ({ newContext, startServer, complaints }) => {
  complaints.expect(/Failed to load resource/, /WebSocket connection to/);
  const first = await startServer();
  const baseURL = first.url;
  const [page, anna] = [await (await newContext({ baseURL })).newPage(), await (await newContext({ baseURL })).newPage()];
  const { path, host } = await hosted(page);
  await enter(anna, path, 'Anna Berg');
  await plays(tile(anna, host));
  first.terminate();
  await first.ended;
  await expect(alert(anna)).toBeVisible();
  await startServer({ SAMTAL_LISTEN: new URL(baseURL).host, SAMTAL_DATA_DIR: first.dataFolder });
  for (const who of [page, anna]) await expect(alert(who)).toBeHidden({ timeout: 60_000 });
  await plays(tile(anna, host));
  await plays(tile(page, 'Anna Berg'));
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
});

test('a reload comes back as the same person, and a second tab takes over', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const context = await newContext();
  const anna = await context.newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(page, 'Anna Berg'));
  await anna.keyboard.press('m');
  await expect(tile(page, 'Anna Berg').locator('[data-meet-muted]')).toBeVisible();
  await anna.reload();
  await inStage(anna, 'room');
  await plays(tile(page, 'Anna Berg'));
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'false');
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
  const kept = await anna.evaluate(() => Object.entries(sessionStorage));
  const second = await context.newPage();
  await second.addInitScript((entries) => {
    for (const [key, value] of entries) sessionStorage.setItem(key, value);
  }, kept);
  await second.goto(path);
  await inStage(second, 'room');
  await inStage(anna, 'over');
  await expect(anna.locator('[data-meet-again]')).toBeVisible();
  await plays(tile(page, 'Anna Berg'));
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
});

test('who allows neither microphone nor camera is told what to do, and comes in all the same', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await anna.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
  });
  await anna.goto(path);
  await expect(anna.locator('[data-meet-devices-help]')).toBeVisible();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(anna, host));
  await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(1);
  await toggle(anna, 'camera').click();
  await expect(alert(anna)).toBeVisible();
  await expect(toggle(anna, 'camera')).toHaveAttribute('aria-pressed', 'false');
  // It covers nothing, and is put away; tried again, it is said again.
  const [said, head] = [await alert(anna).boundingBox(), await anna.locator('.meet__head').boundingBox()];
  expect(said && head && said.y + said.height <= head.y, JSON.stringify({ said, head })).toBe(true);
  await hush(anna).click();
  await expect(alert(anna)).toBeHidden();
  await expect(hush(anna)).toBeHidden();
  await expect(anna.locator('[data-meet-title]')).toBeFocused();
  await toggle(anna, 'camera').click();
  await expect(alert(anna)).toBeVisible();
});

const ALLOW = 'Click the icon left of the address, allow camera and microphone, then load the page again.';
/** What opening devices fails with, and what one reads then. */
const FAULTS: { kinds: ('audio' | 'video')[]; name: string; message?: string; words: string }[] = [
  {
    kinds: ['audio', 'video'],
    name: 'NotAllowedError',
    message: 'Permission denied',
    words: `The microphone is blocked for this page. ${ALLOW} The camera is blocked for this page.`,
  },
  {
    kinds: ['audio', 'video'],
    name: 'NotAllowedError',
    message: 'Permission denied by system',
    words: "The system blocks it for the browser. Allow it in the system's settings of privacy, then load the page again.",
  },
  { kinds: ['video'], name: 'NotFoundError', words: 'No camera was found. You can join without; the others see your name.' },
  { kinds: ['audio'], name: 'NotFoundError', words: 'No microphone was found. Plug one in; the others can hear you then.' },
  { kinds: ['video'], name: 'NotReadableError', words: 'Another program is using it. Close that one, then turn it on again.' },
  {
    kinds: ['video'],
    name: 'UnknownError',
    words: 'It could not be turned on. Unplug it and plug it in again, or choose another one.',
  },
];

test('what is wrong with a device is said, before and in the room, which one enters all the same', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  for (const { words, ...fault } of FAULTS) {
    const context = await newContext();
    const anna = await context.newPage();
    await anna.addInitScript(({ kinds, name, message }) => {
      const { mediaDevices } = navigator;
      const open = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = (asks) => (kinds.some((kind) => asks?.[kind]) ? Promise.reject(new DOMException(message, name)) : open(asks));
    }, fault);
    const viewport = anna.viewportSize();
    await anna.setViewportSize({ width: 360, height: 740 });
    await anna.goto(path);
    await expect(anna.locator('[data-meet-devices-help]')).toHaveText(words);
    // It moves nothing when it comes, and nothing is framed that says nothing.
    const [help, picture] = [anna.locator('[data-meet-devices-help]'), anna.locator('[data-meet-preview], [data-meet-preview-off]').filter({ visible: true })];
    const [said, seen] = [await help.boundingBox(), await picture.boundingBox()];
    expect(said && seen && said.y >= seen.y && said.y + said.height <= seen.y + seen.height, JSON.stringify({ said, seen })).toBe(true);
    for (const quiet of ['[data-meet-notice]', '[data-meet-alert]']) expect((await anna.locator(quiet).boundingBox())?.height ?? 0).toBe(0);
    expect(await anna.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    if (viewport) await anna.setViewportSize(viewport);
    await enter(anna, path, 'Anna Berg');
    await expect(alert(anna)).toHaveText(words);
    await plays(tile(anna, host));
    for (const [kind, device] of [['audio', 'microphone'], ['video', 'camera']] as const) {
      await expect(toggle(anna, device)).toHaveAttribute('aria-pressed', String(!fault.kinds.includes(kind)));
    }
    await leave(anna).click();
    await expect(tile(page, 'Anna Berg')).toHaveCount(0);
    await context.close();
  }
});

test('a browser that carries no meetings is told of another, and a page without https of that', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  for (const [lacks, words] of [
    ['WebRTC', 'This browser cannot carry meetings (it has no WebRTC). Open the link in a current Firefox, Chrome, Edge or Safari.'],
    ['https', 'Browsers give camera and microphone to pages over https alone. Open the link with https://.'],
  ] as const) {
    const anna = await (await newContext()).newPage();
    await anna.addInitScript((lacks) => {
      if (lacks === 'WebRTC') Reflect.deleteProperty(window, 'RTCPeerConnection');
      else Object.defineProperty(window, 'isSecureContext', { value: false });
    }, lacks);
    await anna.goto(path);
    await expect(anna.locator('[data-meet-unable]')).toHaveText(words);
    await expect(anna.locator('[data-meet-unable]')).toBeVisible();
    await expect(anna.locator('[data-meet-enter]')).toBeDisabled();
  }
});

test('a screen that is not shared says why', async ({ page }) => {
  await hosted(page);
  for (const [name, message, words] of [
    ['NotAllowedError', 'Permission denied', 'No screen was chosen. Press the button again and choose one.'],
    [
      'NotAllowedError',
      'Permission denied by system',
      "The system does not let the browser see the screen. Allow it in the system's settings of privacy, then start the browser again.",
    ],
    [
      'NotReadableError',
      'Could not start video source',
      "The screen could not be shared. Choose another screen or window; if none can be, look in the system's settings of privacy whether the browser may see the screen.",
    ],
    ['NotSupportedError', '', 'This browser cannot share a screen. On a phone, join with a computer as well.'],
  ] as const) {
    await page.evaluate(([name, message]) => {
      navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException(message, name));
    }, [name, message] as const);
    await toggle(page, 'screen').click();
    await expect(notice(page)).toHaveText(words);
    await expect(toggle(page, 'screen')).not.toHaveAttribute('data-meet-on');
  }
});

test('a device that is unplugged is replaced where it was on, and said to be gone where it is not', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await anna.addInitScript(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    Object.assign(window, { none: false });
    mediaDevices.getUserMedia = async (asks) => {
      if (Reflect.get(window, 'none')) throw new DOMException('Requested device not found', 'NotFoundError');
      const stream = await open(asks);
      for (const track of stream.getAudioTracks()) Object.assign(window, { track });
      return stream;
    };
  });
  /** What was called so is there no more, as the browser tells it. */
  const unplug = () =>
    anna.evaluate(() => {
      const track = Reflect.get(window, 'track') as MediaStreamTrack;
      Object.defineProperty(track, 'label', { value: 'Headset' });
      track.stop();
      track.dispatchEvent(new Event('ended'));
    });
  await enter(anna, path, 'Anna Berg');
  const microphone = toggle(anna, 'microphone');
  await expect(microphone).toHaveAttribute('aria-pressed', 'true');
  await unplug();
  await expect(notice(anna)).toHaveText('Headset is no longer there. Another device is used instead.');
  await expect(microphone).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
  // Muted, it is not replaced, and nobody is heard by another one who has not asked for that.
  await microphone.click();
  await unplug();
  await expect(notice(anna)).toHaveText('Headset is no longer there.');
  await expect(microphone).toHaveAttribute('aria-pressed', 'false');
  await expect(alert(anna)).toBeHidden();
  await microphone.click();
  await expect(microphone).toHaveAttribute('aria-pressed', 'true');
  // And where there is no other.
  await anna.evaluate(() => void Object.assign(window, { none: true }));
  await unplug();
  await expect(alert(anna)).toHaveText('No microphone was found. Plug one in; the others can hear you then.');
  await expect(notice(anna)).toHaveText('Headset is no longer there.');
  await expect(microphone).toHaveAttribute('aria-pressed', 'false');
});

test('a camera that is blocked alone leaves the microphone', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await anna.addInitScript(() => {
    const { mediaDevices, permissions } = navigator;
    const [open, query] = [mediaDevices.getUserMedia.bind(mediaDevices), permissions.query.bind(permissions)];
    mediaDevices.getUserMedia = (asks) => (asks?.video ? Promise.reject(new DOMException('Permission denied', 'NotAllowedError')) : open(asks));
    permissions.query = async (asked) => {
      const name: string = asked.name;
      return /^(camera|microphone)$/.test(name) ? ({ state: name === 'camera' ? 'denied' : 'granted' } as PermissionStatus) : query(asked);
    };
  });
  await enter(anna, path, 'Anna Berg');
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'true');
  await expect(toggle(anna, 'camera')).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
});

test('pressed twice before the line is open, one comes in once', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  const held: (() => void)[] = [];
  // The server's first words come late.
  await anna.routeWebSocket(/\/ws\/meet/, (socket) => {
    const server = socket.connectToServer();
    let late = true;
    const words: (string | Buffer)[] = [];
    server.onMessage((message) => (late ? void words.push(message) : socket.send(message)));
    held.push(() => {
      late = false;
      for (const message of words) socket.send(message);
    });
  });
  await knock(anna, path, 'Anna Berg');
  await expect.poll(() => held.length).toBe(1);
  await anna.locator('[data-meet-enter]').click();
  for (const go of held) go();
  await inStage(anna, 'room');
  expect(held.length).toBe(1);
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
});

test('a hand stays up through a reload, and letters may be none of the keys', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await anna.keyboard.press('h');
  const hand = tile(page, 'Anna Berg').locator('[data-meet-hand]');
  await expect(hand).toBeVisible();
  await anna.reload();
  await inStage(anna, 'room');
  await expect(toggle(anna, 'hand')).toHaveAttribute('aria-pressed', 'true');
  await anna.locator('[data-meet-menu=more]').click();
  await anna.locator('button[data-meet-keys]').click();
  await anna.locator('[data-meet-keys-use]').uncheck();
  await anna.keyboard.press('Escape');
  await expect(anna.locator('[data-meet-menu=more]')).toBeFocused();
  await anna.keyboard.press('h');
  await toggle(anna, 'chat').click();
  await expect(anna.locator('form[data-meet-say] textarea')).toBeFocused();
  await expect(toggle(anna, 'hand')).toHaveAttribute('aria-pressed', 'true');
  await toggle(anna, 'hand').click();
  await expect(hand).toBeHidden();
});

test('a host goes on by keyboard after each press', async ({ page, newContext }) => {
  const { path } = await hosted(page, { waiting_room: true });
  const anna = await (await newContext()).newPage();
  await knock(anna, path, 'Anna Berg');
  await toggle(page, 'people').click();
  await row(page, 'Anna Berg').locator('[data-meet-do=admit]').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('#meet-people')).toBeFocused();
  await inStage(anna, 'room');
  await row(page, 'Anna Berg').locator('[data-meet-do=mute]').focus();
  await page.keyboard.press('Enter');
  await expect(row(page, 'Anna Berg')).toBeFocused();
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'false');
});

test('sound only asks for no picture and sends none, until it is over', async ({ page, newContext }) => {
  await watched(page);
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(page, 'Anna Berg'));
  await plays(tile(anna, host));
  const comes = async (way: 'come' | 'go') => (await pictures(page))[way];
  for (const way of ['come', 'go'] as const) await expect.poll(() => comes(way), { timeout: 30_000 }).toBeGreaterThan(0);
  await pressSoundOnly(page);
  await expect(notice(page)).toHaveText('Pictures are off, to spare the connection.');
  await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
  await expect(toggle(page, 'camera')).toHaveAttribute('aria-pressed', 'false');
  await expect(tile(anna, host)).toHaveAttribute('data-meet-off', '');
  await expect.poll(() => pictures(page), { timeout: 30_000 }).toEqual({ come: 0, go: 0 });
  for (const who of [page, anna]) await expect.poll(() => heard(who), { timeout: 30_000 }).toBe(1);
  await pressSoundOnly(page);
  await expect(toggle(page, 'camera')).toHaveAttribute('aria-pressed', 'true');
  await plays(tile(page, 'Anna Berg'));
  await plays(tile(anna, host));
  // A camera that was off before stays off after it.
  await toggle(page, 'camera').click();
  await pressSoundOnly(page);
  await pressSoundOnly(page);
  await plays(tile(page, 'Anna Berg'));
  await expect(toggle(page, 'camera')).toHaveAttribute('aria-pressed', 'false');
  await expect(tile(anna, host)).toHaveAttribute('data-meet-off', '');
});

test('a picture that the line does not carry is said to be paused, and is no camera that is off', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  let shows = '';
  let tell: (frame: string) => void = () => undefined;
  await anna.routeWebSocket(/\/ws\/meet/, (socket) => {
    const server = socket.connectToServer();
    tell = (frame) => socket.send(frame);
    server.onMessage((message) => {
      const { media } = JSON.parse(String(message));
      if (media === 'shows') shows = String(message);
      socket.send(message);
    });
  });
  await enter(anna, path, 'Anna Berg');
  const picture = tile(anna, host);
  const paused = picture.locator('[data-meet-paused]');
  await plays(picture);
  await expect(paused).toBeHidden();
  // As the server tells of a line that is too weak.
  const frame = JSON.parse(shows);
  tell(JSON.stringify({ ...frame, shows: frame.shows.map((one: object) => ({ ...one, paused: true })) }));
  await expect(paused).toHaveText('paused: the connection is too weak for it just now');
  await expect(paused).toBeVisible();
  await expect(picture).toHaveAttribute('data-meet-off', '');
  await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(1);
  tell(shows);
  await expect(paused).toBeHidden();
  await plays(picture);
  // A camera that is off is that, and nothing else.
  await toggle(page, 'camera').click();
  await expect(picture).toHaveAttribute('data-meet-off', '');
  await expect(paused).toBeHidden();
});

test('in the lobby one sees and hears oneself, tries the speaker, and chooses', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  // What was chosen once is not there any more: then any will do.
  const gone = JSON.stringify({ camera: 'gone', microphone: 'gone' });
  await anna.addInitScript((gone) => localStorage.setItem('samtal.meet.devices', gone), gone);
  await anna.goto(path);
  const preview = anna.locator('video[data-meet-preview]');
  const width = () => preview.evaluate((one: HTMLVideoElement) => one.videoWidth);
  await expect.poll(width, { timeout: 30_000 }).toBeGreaterThan(0);
  // Before a click a browser may measure nothing, and play nothing.
  await anna.getByText('Camera, microphone and speaker').click();
  // The tone comes once a second.
  const loudest = () =>
    anna.locator('meter[data-meet-level]').evaluate(async (meter: HTMLMeterElement) => {
      let most = 0;
      for (let turn = 0; turn < 30; turn++) {
        await new Promise((go) => setTimeout(go, 50));
        most = Math.max(most, meter.value);
      }
      return most;
    });
  await expect.poll(loudest, { timeout: 30_000 }).toBeGreaterThan(0);
  // Another microphone is as loud; none is silent.
  const microphones = anna.locator('#lobby-microphone');
  await expect.poll(() => microphones.locator('option').count()).toBeGreaterThan(1);
  const other = await microphones.locator('option').last().getAttribute('value');
  await expect(microphones).not.toHaveValue(other!);
  await microphones.selectOption(other);
  await expect(microphones).toHaveValue(other!);
  await expect.poll(loudest, { timeout: 30_000 }).toBeGreaterThan(0);
  const look = anna.locator('[data-meet-look]');
  await look.locator('[data-meet-toggle=microphone]').click();
  await expect.poll(loudest, { timeout: 30_000 }).toBe(0);
  await anna.locator('[data-meet-test=speaker]').click();
  await expect(notice(anna)).toHaveText('Did you hear it? If not, choose another speaker.');
  await look.locator('[data-meet-toggle=camera]').click();
  await expect(preview).toBeHidden();
  await expect(look.getByText('Your camera is off')).toBeVisible();
  await look.locator('[data-meet-toggle=camera]').click();
  await expect(preview).toBeVisible();
  await expect.poll(width, { timeout: 30_000 }).toBeGreaterThan(0);
});

test('one is pinned, or whoever speaks is large, or floats above other windows; and the line is told of', async ({ page, newContext }) => {
  // The browser of these tests has no windows: it is one that has none at first.
  await page.addInitScript(() => {
    const floats: (string | null | undefined)[] = [];
    Object.assign(window, { floats });
    Object.defineProperty(Document.prototype, 'pictureInPictureEnabled', { get: () => true });
    HTMLVideoElement.prototype.requestPictureInPicture = function () {
      floats.push(this.closest('figure')?.querySelector('[data-meet-name]')?.textContent);
      return floats.length > 1 ? Promise.resolve({} as PictureInPictureWindow) : Promise.reject(new DOMException('', 'NotSupportedError'));
    };
  });
  const { path } = await hosted(page);
  const [anna, kim] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  await enter(anna, path, 'Anna Berg');
  await enter(kim, path, 'Kim');
  for (const name of ['Anna Berg', 'Kim']) await plays(tile(page, name));
  const tiles = page.locator('[data-meet-tiles]');
  const pin = (name: string) => tile(page, name).locator('[data-meet-pin]');
  const choose = async (button: Locator) => {
    await page.locator('[data-meet-menu=more]').click();
    await button.click();
  };
  await expect(tiles).toHaveAttribute('data-meet-layout', 'grid');
  for (const [name, other] of [['Anna Berg', 'Kim'], ['Kim', 'Anna Berg']] as const) {
    await pin(name).click();
    await expect(pin(name)).toHaveAttribute('aria-pressed', 'true');
    await expect(tiles).toHaveAttribute('data-meet-layout', 'speaker');
    await expect(tile(page, name)).toHaveAttribute('data-meet-main', '');
    await expect(tile(page, other)).not.toHaveAttribute('data-meet-main');
    await plays(tile(page, name));
  }
  await choose(order(page, 'picture'));
  await expect(notice(page)).toHaveText('This browser has no small window for it.');
  await choose(order(page, 'picture'));
  await expect.poll(() => page.evaluate(() => Reflect.get(window, 'floats'))).toEqual(['Kim', 'Kim']);
  await pin('Kim').click();
  await expect(pin('Kim')).toHaveAttribute('aria-pressed', 'false');
  await expect(tiles).toHaveAttribute('data-meet-layout', 'grid');
  for (const [layout, large] of [['speaker', 1], ['grid', 0]] as const) {
    await choose(toggle(page, 'layout'));
    await expect(tiles).toHaveAttribute('data-meet-layout', layout);
    await expect(toggle(page, 'layout')).toHaveAttribute('aria-pressed', String(large === 1));
    await expect(page.locator('figure[data-meet-main]')).toHaveCount(large);
  }
  await expect(page.locator('[data-meet-quality]')).toHaveText(/^Connection (good|fair|poor)$/);
});

test('another device is taken while one speaks, and the others go on seeing and hearing', async ({ page, newContext }) => {
  const { path } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(page, 'Anna Berg'));
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
  await anna.locator('[data-meet-menu=more]').click();
  const microphones = anna.locator('#room-microphone');
  await expect.poll(() => microphones.locator('option').count()).toBeGreaterThan(1);
  const other = await microphones.locator('option').last().getAttribute('value');
  await expect(microphones).not.toHaveValue(other!);
  await microphones.selectOption(other);
  await expect(microphones).toHaveValue(other!);
  await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
  // There is one camera: that which the system chooses is another track of it.
  const own = () =>
    anna.locator('[data-meet-self] video').evaluate((video: HTMLVideoElement) => (video.srcObject as MediaStream | null)?.getTracks()[0]?.id);
  const before = await own();
  expect(before).toBeTruthy();
  await anna.locator('#room-camera').selectOption('');
  await expect.poll(own, { timeout: 30_000 }).not.toBe(before);
  await plays(tile(page, 'Anna Berg'));
  // On phones one camera is open at a time: the one before is let go of first. One that does not open all the same leaves that.
  await anna.evaluate(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const own = () => (document.querySelector<HTMLVideoElement>('[data-meet-self] video')?.srcObject as MediaStream | null)?.getTracks()[0];
    Object.assign(window, { used: false });
    mediaDevices.getUserMedia = (asks) => {
      const { deviceId } = (asks?.video ?? {}) as MediaTrackConstraints;
      const refused = own()?.readyState === 'live' || (Reflect.get(window, 'used') && !deviceId);
      return refused ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError')) : open(asks);
    };
  });
  for (const used of [false, true]) {
    const then = await own();
    await anna.evaluate((used) => void Object.assign(window, { used }), used);
    await anna.locator('#room-camera').selectOption('');
    await expect.poll(own, { timeout: 30_000 }).not.toBe(then);
    if (used) await expect(notice(anna)).toHaveText('Another program is using it. Close that one, then turn it on again.');
    await plays(tile(page, 'Anna Berg'));
  }
  for (const device of ['microphone', 'camera']) await expect(toggle(anna, device)).toHaveAttribute('aria-pressed', 'true');
  // What does not open is not chosen: the one before goes on, and is the choice of the next visit.
  await anna.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => {
      Object.assign(window, { asked: true });
      return Promise.reject(new DOMException('Timeout starting audio source', 'AbortError'));
    };
  });
  await microphones.selectOption(await microphones.locator('option').first().getAttribute('value'));
  await expect.poll(() => anna.evaluate(() => Reflect.get(window, 'asked'))).toBe(true);
  await expect(microphones).toHaveValue(other!);
  await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'true');
  expect(await anna.evaluate(() => JSON.parse(localStorage.getItem('samtal.meet.devices') ?? '{}').microphone)).toBe(other);
});

test('what a shared screen sounds like is heard, until it ends', async ({ page, newContext }) => {
  // The screen of these tests is silent: it is given a note.
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const choose = mediaDevices.getDisplayMedia.bind(mediaDevices);
    mediaDevices.getDisplayMedia = async (asks) => {
      const stream = await choose(asks);
      for (const track of stream.getAudioTracks()) stream.removeTrack(track);
      const context = new AudioContext();
      const [note, out] = [context.createOscillator(), context.createMediaStreamDestination()];
      note.connect(out);
      note.start();
      for (const track of out.stream.getTracks()) stream.addTrack(track);
      Object.assign(window, { context });
      return stream;
    };
  });
  const { path, host } = await hosted(page);
  const anna = await (await newContext()).newPage();
  await enter(anna, path, 'Anna Berg');
  await plays(tile(anna, host));
  await toggle(page, 'microphone').click();
  await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(0);
  await toggle(page, 'screen').click();
  await plays(tile(anna, host, 'screen'));
  await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(1);
  await toggle(page, 'screen').click();
  await expect(tile(anna, host, 'screen')).toHaveCount(0);
  await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(0);
});

test('on a phone everything is within reach', async ({ page, newContext }) => {
  const { path, host } = await hosted(page);
  await page.setViewportSize({ width: 390, height: 760 });
  const anna = await (await newContext({ viewport: { width: 390, height: 760 } })).newPage();
  await anna.goto(path);
  await expectNoSidewaysScroll(anna, 'lobby');
  await enter(anna, path, 'Anna Berg with a name that is far too long for any telephone');
  await plays(tile(page, 'Anna Berg'));
  for (const look of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: look, reducedMotion: 'reduce' });
    await expectNoSidewaysScroll(page, look);
    await expectAccessible(page, look);
  }
  // Lying down.
  await page.setViewportSize({ width: 760, height: 390 });
  await expectNoSidewaysScroll(page, 'landscape');
  await expect(leave(page)).toBeInViewport({ ratio: 1 });
  await page.setViewportSize({ width: 390, height: 760 });
  await expect(leave(page)).toBeInViewport({ ratio: 1 });
  await toggle(page, 'people').click();
  await expect(row(page, 'Anna Berg').locator('[data-meet-do=remove]')).toBeInViewport();
  await page.locator('[data-meet-close=people]').click();
  await expect(toggle(page, 'people')).toBeFocused();
  // One row, in which each is still called by its word; what has no room there stands under *More*.
  const bar = page.locator('[data-meet-bar]');
  expect((await bar.boundingBox())?.height).toBeLessThan(80);
  await expect(bar.getByRole('button', { name: 'Microphone', exact: true })).toBeVisible();
  await expect(toggle(page, 'hand')).toBeHidden();
  await page.locator('[data-meet-menu=more]').click();
  await expect(order(page, 'end')).toBeInViewport();
  await page.locator('[data-meet-more] [data-meet-toggle=hand]').click();
  await expect(tile(anna, host).locator('[data-meet-hand]')).toBeVisible();
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNoSidewaysScroll(page, 'narrow');
  expect((await bar.boundingBox())?.height).toBeLessThan(80);
  await page.locator('[data-meet-menu=more]').click();
  await page.locator('[data-meet-more] [data-meet-react="👏"]').click();
  await expect(anna.locator('[data-meet-reactions]')).toContainText(host);
});

test('what there is none of, and what JavaScript is needed for, is said', async ({ page, newContext, complaints }) => {
  complaints.expect(/status of 404/);
  const { path } = await hosted(page);
  const plain = await (await newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(path);
  // (Texts that are searched for are none of a `noscript`.)
  const without = plain.locator('noscript p');
  await expect(without).toContainText('Meetings need JavaScript');
  await expect(without).toBeVisible();
  const [wrong, ill] = [await page.goto('/meet/aaaaa-aaaaa-aaaaa-aaaaa'), await page.goto('/meet/x')];
  expect([wrong?.status(), ill?.status()]).toEqual([404, 404]);
});
