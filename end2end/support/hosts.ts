// Pages that carry the widget, as others build them: the files of `hosts/`, served from another origin than Samtal's. In
// each stands `http://127.0.0.1:3000` for Samtal, and WIDGET_KEY.
import type { BrowserContextOptions, Frame, Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { expect } from './fixtures.ts';

export type Host = {
  /** The file in `hosts/`. */
  name: string;
  /** The browser that comes there. */
  browser?: BrowserContextOptions;
  /** What the page's server says beside the page. */
  headers?: (samtal: string) => Record<string, string>;
  /** False where the browser keeps nothing from one page to the next. */
  keeps?: false;
  /** Waits until the page has done what it does to the widget by itself. */
  ready?: (frame: Frame) => Promise<unknown>;
  /** What is true there and on no other page, once the chat is open. */
  also?: (page: Page, frame: Frame) => Promise<void>;
};

const box = (frame: Frame, name: string) => frame.getByRole('textbox', { name });
const chat = (frame: Frame) => frame.getByRole('dialog', { name: 'Chat' });
const background = (frame: Frame) => chat(frame).evaluate((element) => getComputedStyle(element).backgroundColor);

/** The wheel over the chat, up and down, moves nothing behind it. */
async function wheel(page: Page, frame: Frame): Promise<void> {
  for (const part of [chat(frame).getByRole('log'), chat(frame).getByRole('heading'), box(frame, 'Your message')]) {
    await part.hover();
    for (const by of [600, -300]) await page.mouse.wheel(0, by);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect(await page.evaluate(() => scrollY)).toBe(0);
  }
}

/** What is written stays, and is written on, while the page makes itself anew. */
async function survives(page: Page, frame: Frame, anew: () => Promise<unknown>): Promise<void> {
  await box(frame, 'Your message').fill('Half');
  await anew();
  await expect(chat(frame)).toBeVisible();
  await expect(box(frame, 'Your message')).toBeFocused();
  await page.keyboard.type(' a lamp');
  await expect(box(frame, 'Your message')).toHaveValue('Half a lamp');
  await box(frame, 'Your message').fill('');
}

export const hosts: Host[] = [
  { name: 'focus-trap' },
  { name: 'focus-kept', ready: (frame) => expect(frame.getByLabel('Email')).toBeFocused() },
  { name: 'global-clash', also: async (page) => expect(await page.evaluate(() => Object.keys(Object(Reflect.get(window, 'Samtal'))))).toEqual([]) },
  { name: 'id-clash' },
  { name: 'no-data-attribute' },
  { name: 'removed-by-page', ready: (frame) => expect(frame.locator('script[src*=widget]')).toHaveCount(2) },
  { name: 'html-zoom', browser: { viewport: { width: 1280, height: 800 } } },
  {
    name: 'strict-policy',
    headers: (samtal) => {
      const { host } = new URL(samtal);
      return { 'content-security-policy': `default-src 'none'; script-src 'self' http://${host}; connect-src ws://${host}; require-trusted-types-for 'script'; trusted-types 'none'` };
    },
  },
  { name: 'all-unset', also: async (_, frame) => expect(await background(frame)).toBe('rgb(252, 250, 246)') },
  {
    name: 'right-to-left',
    also: async (_, frame) => expect((await chat(frame).boundingBox())!.x).toBeLessThan(100),
  },
  { name: 'transformed' },
  { name: 'sandboxed', keeps: false },
  { name: 'storage-refused', keeps: false },
  {
    name: 'forbidding',
    also: async (page, frame) => {
      await box(frame, 'Your message').click();
      await page.keyboard.type('Copiedd');
      await page.keyboard.press('Backspace');
      for (const key of ['a', 'c', 'v', 'v']) await page.keyboard.press(`ControlOrMeta+${key}`);
      await expect(box(frame, 'Your message')).toHaveValue('CopiedCopied');
      for (const key of ['ControlOrMeta+a', 'Backspace']) await page.keyboard.press(key);
      await expect(box(frame, 'Your message')).toHaveValue('');
    },
  },
  { name: 'light', browser: { colorScheme: 'dark' }, also: async (_, frame) => expect(await background(frame)).toBe('rgb(252, 250, 246)') },
  { name: 'dark', browser: { colorScheme: 'dark' }, also: async (_, frame) => expect(await background(frame)).toBe('rgb(26, 23, 19)') },
  {
    // A phone.
    name: 'long',
    browser: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    also: async (page, frame) => {
      expect(await chat(frame).boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 844 });
      for (let times = 0; times < 12; times++) {
        await page.keyboard.press('Tab');
        // At its end the browser's own buttons come, which is no element.
        expect(await frame.evaluate(() => document.activeElement?.localName)).toMatch(/^(samtal-widget|body)$/);
      }
      await page.mouse.move(195, 400);
      await page.mouse.wheel(0, 600);
      await page.evaluate(() => scrollBy(0, 0));
      expect(await frame.evaluate(() => [scrollY, getComputedStyle(document.documentElement).overflowY])).toEqual([0, 'hidden']);
      await chat(frame).getByRole('button', { name: 'Close' }).click();
      expect(await frame.evaluate(() => getComputedStyle(document.documentElement).overflowY)).toBe('visible');
      await frame.getByRole('button', { name: 'Chat' }).tap();
      await page.keyboard.press('Escape');
      await expect(chat(frame)).toBeHidden();
      await frame.getByRole('button', { name: 'Chat' }).tap();
    },
  },
  { name: 'named-elements' },
  { name: 'written-anew', ready: (frame) => expect(frame.getByText('The shop itself')).toBeVisible() },
  { name: 'hides-others', ready: (frame) => expect(frame.locator('body[data-hidden="2"]')).toBeVisible() },
  {
    name: 'react',
    ready: (frame) => expect(frame.getByText('Rendered 0')).toBeVisible(),
    also: async (page, frame) => {
      for (const times of [1, 2, 3]) {
        await survives(page, frame, async () => {
          await page.evaluate(() => Reflect.get(window, 'again')());
          await expect(frame.getByText(`Rendered ${times}`)).toBeVisible();
        });
      }
    },
  },
  {
    name: 'turbo',
    also: async (page, frame) => {
      const loaded = (go: () => void) => page.evaluate(`new Promise((done) => { addEventListener('turbo:load', done, { once: true }); (${go})() })`);
      await survives(page, frame, () => loaded(() => Reflect.get(window, 'Turbo').visit('/turbo?next')));
      await expect(page).toHaveURL(/next/);
      await survives(page, frame, () => loaded(() => history.back()));
      await expect(page).not.toHaveURL(/next/);
      await expect(frame.locator('samtal-widget')).toHaveCount(1);
    },
  },
  { name: 'bootstrap', ready: (frame) => expect(frame.getByLabel('Email')).toBeVisible() },
  { name: 'focus-trap-library', ready: (frame) => expect(frame.getByLabel('Email')).toBeFocused() },
  { name: 'smooth-scrolling', also: wheel },
];

/** Where libraries are taken from; what they register as, where they are in several pieces. */
const modules = resolve(import.meta.dirname, '../node_modules');
const libraries: Record<string, Record<string, string>> = {
  'turbo.js': { '': '@hotwired/turbo/dist/turbo.es2017-umd.js' },
  'bootstrap.js': { '': 'bootstrap/dist/js/bootstrap.bundle.min.js' },
  'bootstrap.css': { '': 'bootstrap/dist/css/bootstrap.min.css' },
  'tabbable.js': { '': 'tabbable/dist/index.umd.min.js' },
  'focus-trap.js': { '': 'focus-trap/dist/focus-trap.umd.min.js' },
  'lenis.js': { '': 'lenis/dist/lenis.min.js' },
  'lenis.css': { '': 'lenis/dist/lenis.css' },
  'react.js': {
    react: 'react/cjs/react.production.js',
    scheduler: 'scheduler/cjs/scheduler.production.js',
    'react-dom': 'react-dom/cjs/react-dom.production.js',
    'react-dom/client': 'react-dom/cjs/react-dom-client.production.js',
  },
};

/** A library as it was published; in pieces, with the `require` by which they ask for each other. */
function library(name: string): string {
  const read = (path: string) => readFileSync(join(modules, path), 'utf8').replace(/\n\/\/# sourceMappingURL=.*/, '');
  const pieces = Object.entries(libraries[name] ?? {});
  if (pieces.length === 1) return read(pieces[0]![1]);
  const made = pieces.map(([as, path]) => `${JSON.stringify(as)}(module, exports) {\n${read(path)}\n}`);
  return `const pieces = {${made.join(',')}}, loaded = {}; function require(name) { if (!loaded[name]) { loaded[name] = { exports: {} }; pieces[name](loaded[name], loaded[name].exports) } return loaded[name].exports }`;
}

/** Notes what a page hears of what is done in the chat. */
const spy = `
window.heard = [];
for (const type of 'keydown keypress keyup beforeinput textInput input change compositionstart compositionend focus blur focusin focusout copy cut paste wheel touchstart touchmove touchend pointerdown pointerup mousedown mouseup click dblclick contextmenu selectstart submit'.split(' ')) {
  const note = (event) => { if (event.composedPath().some((node) => node.localName === 'samtal-widget')) heard.push(type) };
  document.addEventListener(type, note, true);
  window.addEventListener(type, note);
}`;

/** Serves the pages, for a Samtal and a widget of its. */
export async function serve(samtal: string, widget: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url!, 'http://host');
    const type = { js: 'text/javascript', css: 'text/css' }[pathname.split('.')[1] ?? ''] ?? 'text/html';
    answer.setHeader('content-type', `${type}; charset=utf-8`);
    if (pathname === '/spy.js') return answer.end(spy);
    if (pathname.startsWith('/lib/')) return answer.end(library(pathname.slice(5)));
    if (pathname === '/elsewhere') return answer.end('<!doctype html><title>A page without a chat</title>');
    // Each of their pages is the same; the browser asks for the icon by itself.
    const name = pathname.slice(1);
    const file = name === 'favicon.ico' ? '' : readFileSync(join(import.meta.dirname, 'hosts', `${name}.html`), 'utf8');
    for (const [header, value] of Object.entries(hosts.find((host) => host.name === name)?.headers?.(samtal) ?? {})) answer.setHeader(header, value);
    answer.end(file.replaceAll('http://127.0.0.1:3000', samtal).replaceAll('WIDGET_KEY', widget).replace('</title>', '</title><script src="/spy.js"></script>'));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
