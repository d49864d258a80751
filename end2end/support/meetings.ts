// Meetings for tests: made over the interface, entered as a person does it, and looked at as a person does: pictures that move, sounds that are heard.
import { type APIRequestContext, type Locator, type Page, expect } from '@playwright/test';
import { program } from './conversations.ts';

/** A meeting of whoever is signed in. Gives the path of its link. */
export async function makeMeeting(request: APIRequestContext, wishes: object = {}): Promise<string> {
  const headers = await program(request);
  const answer = await request.post('/api/v1/meetings', { headers, data: { title: 'Lamps for the summer house', ...wishes } });
  expect(answer.ok(), await answer.text()).toBe(true);
  return new URL((await answer.json()).link).pathname;
}

export const stage = (page: Page): Locator => page.locator('[data-meet]');
export const inStage = (page: Page, name: 'lobby' | 'waiting' | 'room' | 'over') =>
  expect(stage(page)).toHaveAttribute('data-meet-stage', name);
/** A button of the bar. (The hand stands under "more" as well, for phones.) */
export const toggle = (page: Page, name: string): Locator => page.locator(`[data-meet-bar] [data-meet-toggle="${name}"]`).first();
/** What puts away the faults that are told. */
export const hush = (page: Page): Locator => page.locator('[data-meet-close=alert]');
export const order = (page: Page, name: string): Locator => page.locator(`[data-meet-bar] button[data-meet-${name}]`);
export const leave = (page: Page): Locator => page.locator('[data-meet-bar] > [data-meet-leave]');
export const notice = (page: Page): Locator => page.locator('[data-meet-notice]');
export const alert = (page: Page): Locator => page.locator('[data-meet-alert]');

/** The picture of somebody, or of their screen. */
export const tile = (page: Page, name: string, source: 'camera' | 'screen' = 'camera'): Locator =>
  page.locator(`figure[data-meet-source="${source}"]`).filter({ has: page.locator('[data-meet-name]', { hasText: name }) });
/** Somebody in the list, which is to be open. */
export const row = (page: Page, name: string): Locator =>
  page.locator('[data-meet-people] > li, [data-meet-waiting-list] > li').filter({ has: page.locator('[data-meet-name]', { hasText: name }) });

/** Fills the lobby in and presses the button. A member has a name already. */
export async function knock(page: Page, path: string, name?: string): Promise<void> {
  await page.goto(path);
  const lobby = page.locator('[data-meet-section="lobby"]');
  if (name) await lobby.locator('input[name=name]').fill(name);
  await lobby.locator('input[name=consent]').check();
  await lobby.locator('[data-meet-enter]').click();
}

/** Comes in. */
export async function enter(page: Page, path: string, name?: string): Promise<void> {
  await knock(page, path, name);
  await inStage(page, 'room');
}

/** Pictures come, one after the other. */
export async function plays(tile: Locator): Promise<void> {
  const video = tile.locator('video');
  const frames = () => video.evaluate((one: HTMLVideoElement) => (one.videoWidth > 0 ? one.getVideoPlaybackQuality().totalVideoFrames : 0));
  await expect.poll(frames, { timeout: 30_000 }).toBeGreaterThan(0);
  let from = await frames();
  const more = async () => {
    const now = await frames();
    // Another picture in its place is counted from its own first.
    from = Math.min(from, now);
    return now - from;
  };
  await expect.poll(more, { timeout: 30_000 }).toBeGreaterThan(5);
}

/** In how many places something is heard that is louder than silence. */
export async function heard(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const context = new AudioContext();
    await context.resume();
    const ears = [...document.querySelectorAll<HTMLAudioElement>('[data-meet-sounds] audio')].map((audio) => {
      const ear = context.createAnalyser();
      context.createMediaStreamSource(audio.srcObject as MediaStream).connect(ear);
      return { ear, most: 0 };
    });
    const samples = new Float32Array(2048);
    // The tone comes once a second.
    for (let turn = 0; turn < 30; turn++) {
      await new Promise((go) => setTimeout(go, 50));
      for (const one of ears) {
        one.ear.getFloatTimeDomainData(samples);
        one.most = Math.max(one.most, ...samples.map(Math.abs));
      }
    }
    await context.close();
    return ears.filter(({ most }) => most > 0.01).length;
  });
}

/** Keeps the connections of a page that is about to be opened, so that `pictures` can look at them. */
export async function watched(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const connections: RTCPeerConnection[] = [];
    const Real = RTCPeerConnection;
    class Watched extends Real {
      constructor(config?: RTCConfiguration) {
        super(config);
        connections.push(this);
      }
    }
    Object.assign(window, { connections, RTCPeerConnection: Watched });
  });
}

/** How many pictures come to a page that is watched, and how many go out, within a second. */
export async function pictures(page: Page): Promise<{ come: number; go: number }> {
  return page.evaluate(async () => {
    const counted = async () => {
      let [come, go] = [0, 0];
      for (const connection of Reflect.get(window, 'connections') as RTCPeerConnection[]) {
        (await connection.getStats()).forEach(({ type, kind, framesReceived, framesSent }) => {
          if (kind === 'video' && type === 'inbound-rtp') come += framesReceived ?? 0;
          if (kind === 'video' && type === 'outbound-rtp') go += framesSent ?? 0;
        });
      }
      return { come, go };
    };
    const before = await counted();
    await new Promise((go) => setTimeout(go, 1000));
    const after = await counted();
    return { come: after.come - before.come, go: after.go - before.go };
  });
}

/** Presses "sound only", which stands in the menu. */
export async function pressSoundOnly(page: Page): Promise<void> {
  await page.locator('[data-meet-menu=more]').click();
  await toggle(page, 'sound_only').click();
}
