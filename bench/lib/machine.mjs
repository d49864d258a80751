// What the figures were taken on: machine, day, commit, binary; and which core is whose.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import { relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const project = resolve(import.meta.dirname, '../..');

const said = (program, ...args) => execFileSync(program, args, { cwd: project, encoding: 'utf8' }).trim();

/** The first core that we may use is for the load, the last one for server and database. */
export function cores() {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  const all = list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  if (all.length < 2) throw new Error('A race needs two cores: one for the load, one for server and database.');
  return { load: String(all[0]), server: String(all.at(-1)) };
}

/** Pins this process, with all of its threads, to a core. */
export function pin(core) {
  said('taskset', '-a', '-c', '-p', core, String(process.pid));
}

/** What part of all cores was at work, for us or for other machines on the same hardware, while two seconds went by. */
export async function busyness() {
  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
  const read = () => readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const before = read();
  await sleep(2000);
  const spent = read().map((now, i) => now - before[i]);
  const all = spent.reduce((sum, n) => sum + n);
  return (all - spent[3] - spent[4]) / all;
}

/** Lines about machine, day and commit. */
export function facts(binary) {
  const memory = (os.totalmem() / 2 ** 30).toFixed(0);
  const lines = [
    ['Machine', `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores, ${memory} GiB, ${os.type()} ${os.release()}, ${os.arch()}`],
    ['Date', `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Commit', `${said('git', 'rev-parse', 'HEAD')}${said('git', 'status', '--porcelain', '--untracked-files=no') ? ', with changes' : ''}`],
  ];
  if (binary) {
    const built = statSync(binary).mtime.toISOString().slice(0, 16).replace('T', ' ');
    lines.push(['Binary', `\`${relative(project, binary)}\`, built ${built} UTC`]);
  }
  return lines;
}
