// P16: what Lighthouse says of the pages that everybody meets first: as a phone on a slow network, and as a desktop.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { install } from '../lib/install.mjs';
import { busyness, cores, facts, pin } from '../lib/machine.mjs';
import { median, report, short, spread, table } from '../lib/results.mjs';
import { Samtal, binary } from '../lib/samtal.mjs';

const TOOL = join(import.meta.dirname, 'tool');
const CHROMIUM = process.env.CHROMIUM ?? 'chromium-headless-shell';
const KINDS = { performance: 'performance', accessibility: 'accessibility', 'best-practices': 'best practices', seo: 'findability' };
const SCREENS = ['phone', 'desktop'];

/** Pages, and what each must reach; who is signed in sees pages that no search engine should, which so have no fourth. */
const ALL = { performance: 100, accessibility: 100, 'best-practices': 100, seo: 100 };
const PRIVATE = { performance: 100, accessibility: 100, 'best-practices': 99 };
const PAGES = [
  ['landing', '/', ALL],
  ['sign-in', '/login', PRIVATE],
  ['lobby of a meeting', '{meeting}', PRIVATE],
  ['home', '/dashboard', PRIVATE, true],
  ['members', '/dashboard/members', PRIVATE, true],
  ['knowledge', '/dashboard/knowledge', PRIVATE, true],
  ['inbox', '/dashboard/inbox', PRIVATE, true],
];

/** A browser that can be driven, and how it is ended. */
async function browser() {
  const folder = mkdtempSync(join(tmpdir(), 'samtal-lighthouse-'));
  const args = ['--remote-debugging-port=0', `--user-data-dir=${folder}`, '--no-sandbox', '--disable-gpu', '--no-first-run', 'about:blank'];
  const child = spawn(CHROMIUM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let failed;
  child.on('error', (error) => (failed = error));
  child.stderr.setEncoding('utf8').on('data', (part) => (said += part));
  const ended = new Promise((settle) => child.once('exit', settle));
  const stop = async () => {
    child.kill('SIGKILL');
    child.stderr.destroy();
    if (!failed) await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (let tries = 0; tries < 200 && !failed; tries++) {
    const port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(said)?.[1];
    if (port) return { port: Number(port), stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`${CHROMIUM} does not start (CHROMIUM=… names another): ${failed?.message ?? said.slice(-500)}`);
}

export async function run(options) {
  const rounds = Number(options.rounds ?? 5);
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  install(TOOL);
  const { default: lighthouse, desktopConfig } = await import(join(TOOL, 'node_modules/lighthouse/core/index.js'));
  const core = cores();
  pin(core.load);
  const busy = await busyness();
  const samtal = await Samtal.start(core.server);
  let chrome;
  try {
    const email = 'owner@fjallhus.example';
    const tenant = samtal.tenant('Fjällhus AB', email);
    const cookie = await samtal.signIn(email);
    const { link } = await samtal.api(tenant, 'POST', '/meetings', { title: 'Weekly', waiting_room: false });
    const meeting = new URL(link).pathname;
    chrome = await browser();
    /** Scores by page, screen and kind, a list each; and what fell short, by page. */
    const scores = {};
    const lacks = {};
    const times = {};
    for (let round = 1; round <= rounds; round++) {
      for (const [name, path, goals, signedIn] of PAGES) {
        for (const screen of SCREENS) {
          const flags = {
            port: chrome.port,
            output: 'json',
            logLevel: 'error',
            onlyCategories: Object.keys(goals),
            ...(signedIn && { extraHeaders: { Cookie: cookie } }),
          };
          const address = samtal.url + path.replace('{meeting}', meeting);
          const { lhr } = await lighthouse(address, flags, screen === 'desktop' ? desktopConfig : undefined);
          if (lhr.runtimeError) throw new Error(`${name}: ${lhr.runtimeError.message}`);
          if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(address).pathname) throw new Error(`${name} leads to ${lhr.finalDisplayedUrl}`);
          const key = `${name} · ${screen}`;
          for (const kind of Object.keys(goals)) ((scores[key] ??= {})[kind] ??= []).push(lhr.categories[kind].score * 100);
          const of = (id) => lhr.audits[id]?.numericValue ?? 0;
          (times[key] ??= []).push({ paint: of('largest-contentful-paint'), blocked: of('total-blocking-time'), shift: of('cumulative-layout-shift') });
          for (const kind of Object.keys(goals)) {
            for (const { id, weight } of lhr.categories[kind].auditRefs) {
              const audit = lhr.audits[id];
              if (weight > 0 && audit.score !== null && audit.score < 1) (lacks[key] ??= new Set()).add(`${audit.title} (${audit.score})`);
            }
          }
        }
      }
      say(`round ${round}/${rounds}`);
    }
    write(options, { busy, core, rounds, scores, times, lacks });
  } finally {
    await chrome?.stop();
    await samtal.stop();
  }
}

function write(options, { busy, core, rounds, scores, times, lacks }) {
  const rows = [];
  const missed = [];
  for (const [name, , goals] of PAGES) {
    for (const screen of SCREENS) {
      const key = `${name} · ${screen}`;
      const of = (kind) => (goals[kind] ? short(median(scores[key][kind])) : '');
      const time = (figure) => spread(times[key].map((one) => one[figure]));
      const below = Object.keys(goals).filter((kind) => median(scores[key][kind]) < goals[kind]);
      rows.push([key, ...Object.keys(KINDS).map(of), time('paint'), time('blocked'), time('shift'), below.length ? `no: ${below.map((kind) => KINDS[kind]).join(', ')}` : 'yes']);
      if (lacks[key]) missed.push(`${key}: ${[...lacks[key]].join('; ')}.`);
    }
  }
  const notes = [
    `${rounds} rounds, pages by turns; scores are medians. Lighthouse's own phone (a slow network and a slow processor, reckoned) and desktop. Browser on core ${core.load}, server and database on core ${core.server}.`,
    'Goals: 100 in all four for the landing page; 100, 100 and 99 for the others, which no search engine shall show.',
    ...missed.map((line) => `Short of full marks in some round, ${line}`),
  ];
  if (busy > 0.1) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (rounds < 5) notes.push('**Fewer than 5 rounds: this was a trial.**');
  const extra = options.rounds ? ` --rounds ${options.rounds}` : '';
  const text = [
    table(['', ''], [...facts(binary), ['Busy before the start', `${short(busy * 100)} % of all cores`], ['Command', `\`node bench/run.mjs p16${extra}\``]]),
    table(['Page', ...Object.values(KINDS), 'largest paint, ms', 'blocked, ms', 'shift', 'reached'], rows),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  report('p16', 'P16: Lighthouse', text, options.dry);
}
